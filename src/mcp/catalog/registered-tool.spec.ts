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
  it('is listed as it was written', () => {
    const tool = registeredTool(
      { name: 'raw', description: 'Raw.', input: fromJsonSchema(DEFINITION) },
      () => '',
      'RawTool',
    );
    expect(tool.definition).toMatchObject({ inputSchema: DEFINITION });
  });

  it('keeps members on the path of its references', () => {
    const definition = {
      type: 'object',
      properties: { a: { $ref: '#/components/schemas/A' } },
      components: { schemas: { A: { type: 'string' } } },
    };
    const tool = registeredTool(
      { name: 'raw', description: 'Raw.', input: fromJsonSchema(definition) },
      () => '',
      'RawTool',
    );
    expect(tool.definition).toMatchObject({ inputSchema: definition });
  });

  it('accepts what it describes, and names the place of an error', async () => {
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

  it.each([
    ['type', { type: 'objekt' }],
    ['$schema', { $schema: 'http://json-schema.org/draft-07/schema#' }],
    ['$ref', { $ref: 'http://127.0.0.1:1/schema.json' }],
    ['properties.a.$ref', { properties: { a: { $ref: '#/nowhere' } } }],
    ['properties.a.pattern', { properties: { a: { pattern: '[' } } }],
    ['properties.a.minLength', { properties: { a: { minLength: -1 } } }],
    ['properties.a.nullable', { properties: { a: { nullable: true } } }],
    ['$async', { $async: true }],
    ['properties.a.$id', { properties: { a: { $id: 7 } } }],
    ['properties.a.$anchor', { properties: { a: { $anchor: 'no anchor' } } }],
    ['dependencies', { dependencies: { a: 7 } }],
    ['properties/a/contentSchema', { properties: { a: { contentSchema: 7 } } }],
  ])('refuses invalid JSON Schema with class and place: %s', (place, definition) => {
    const schema = fromJsonSchema({ type: 'object', ...definition });
    for (const schemas of [{ input: schema }, { output: schema }]) {
      const register = () =>
        registeredTool({ name: 'raw', description: 'Raw.', ...schemas }, () => '', 'RawTool');
      expect(register).toThrow(expect.objectContaining({ name: 'WiringError' }));
      expect(register).toThrow(/^Class RawTool: its (input|output) schema cannot be listed: .*; /);
      expect(register).toThrow(place);
    }
  });
});
