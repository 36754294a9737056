import { registeredTool } from './registered-tool.js';
import { fromJsonSchema } from '../decorators/from-json-schema.js';

const DEFINITION = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $defs: { street: { $anchor: 'street', type: 'string', minLength: 1 } },
  type: 'object',
  properties: { street: { $ref: '#/$defs/street' }, 'a/b': { type: 'integer' }, day: { format: 'date' } },
  required: ['street'],
  additionalProperties: false,
};

describe('fromJsonSchema', () => {
  it('goes out as it was written', () => {
    const tool = registeredTool(
      { name: 'raw', description: 'Raw.', input: fromJsonSchema(DEFINITION) },
      () => '',
      'RawTool',
    );
    expect(tool.definition).toMatchObject({ inputSchema: DEFINITION });
  });

  it('lets through what it describes, and says where something is wrong', async () => {
    const { validate } = fromJsonSchema(DEFINITION)['~standard'];
    expect(await validate({ street: 'Elm', 'a/b': 1, day: '2026-07-28' })).toEqual({
      value: { street: 'Elm', 'a/b': 1, day: '2026-07-28' },
    });
    expect(await validate({ 'a/b': 'x', more: 1, day: 'soon' })).toEqual({
      issues: expect.arrayContaining([
        { path: [], message: "must have required property 'street'" },
        { path: [], message: 'must NOT have additional properties: more' },
        { path: ['a/b'], message: 'must be integer' },
        { path: ['day'], message: 'must match format "date"' },
      ]) as unknown,
    });
  });

  it('fetches nothing and refuses what is no schema', () => {
    expect(() => fromJsonSchema({ $ref: 'http://127.0.0.1:1/schema.json' })).toThrow(/resolve reference/);
    expect(() => fromJsonSchema({ type: 'objekt' })).toThrow(/schema is invalid/);
  });
});
