import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { z } from 'zod';
import { fromJsonSchema } from '../decorators/from-json-schema.js';
import type { Schema } from '../decorators/schema.js';
import { registeredTool, type RegisteredTool } from './registered-tool.js';

const STRICT = {
  strict: true,
  strictTypes: false,
  strictTuples: false,
  strictRequired: false,
  logger: false,
} as const;

/** Strict clients: 2020-12 for each revision, draft-07 up to 2025-11-25. */
const modernReader = reader(new Ajv2020({ ...STRICT, allErrors: true }));
/** SDK v1, which reads a `$schema` of 2020-12 as draft-07. */
const olderReader = reader(
  new Ajv({ ...STRICT, strict: false, strictSchema: false, validateSchema: false, allErrors: true }),
);

/** A client reads all tools with one validator. */
function reader<Reader extends Ajv>(ajv: Reader): Reader {
  addFormats.default(ajv);
  // Part of 2020-12, and unknown to Ajv's strict mode.
  ajv.addKeyword('$anchor');
  return ajv;
}

function tool(schemas: { input?: Schema; output?: Schema }): RegisteredTool {
  return registeredTool({ name: 'tool', description: 'A tool.', ...schemas }, () => '', 'SomeTool');
}

function listed(entry: object, field: 'inputSchema' | 'outputSchema'): Record<string, unknown> {
  return (entry as Record<string, Record<string, unknown>>)[field]!;
}

/** Whether each reader accepts `value`, in both listed forms. */
function taken(output: Schema, value: unknown): boolean[] {
  const { definition, modernDefinition, wrapsOutput } = tool({ output });
  const forms = [
    [modernReader, modernDefinition, value],
    [modernReader, definition, wrapsOutput ? { result: value } : value],
    [olderReader, definition, wrapsOutput ? { result: value } : value],
  ] as const;
  return forms.map(([ajv, entry, instance]) => ajv.compile(listed(entry, 'outputSchema'))(instance));
}

const Tree = z.object({
  name: z.string(),
  get kids() {
    return z.array(Tree);
  },
});
const Union: z.ZodType = z.union([z.string(), z.array(z.lazy(() => Union))]);

describe('every client accepts a result by its listed output schema', () => {
  it.each<[string, Schema, unknown, unknown]>([
    ['z.json()', z.array(z.json()), [{ a: [1, null, { b: 'c' }] }], 1],
    ['a recursive union', Union, ['a', ['b', []]], [1]],
    ['a recursive object', Tree, { name: 'a', kids: [{ name: 'b', kids: [] }] }, { name: 'a', kids: [{}] }],
    ['an id at the root', z.object({ a: z.string() }).meta({ id: 'Root' }), { a: 'x' }, { a: 1 }],
    ['an id of a recursive object', Tree.meta({ id: 'Tree' }), { name: 'a', kids: [] }, { kids: [] }],
    ['an id at the root of a list', z.array(z.string()).meta({ id: 'Names' }), ['a'], [1]],
    [
      'an id that is no plain name',
      z.object({ a: z.string().meta({ id: 'My A/b %' }) }),
      { a: 'x' },
      { a: 1 },
    ],
    ['a flag', z.object({ a: z.string().regex(/^abc$/i) }), { a: 'aBC' }, { a: 'abd' }],
    ['a flag on a range', z.object({ a: z.string().regex(/^[a-f\d]+$/i) }), { a: 'AF09' }, { a: 'G' }],
    ['a flag on other letters', z.object({ a: z.string().regex(/^äß$/i) }), { a: 'Äß' }, { a: 'äs' }],
    ['dotAll', z.object({ a: z.string().regex(/^a.b$/s) }), { a: 'a\nb' }, { a: 'ab' }],
    [
      'an escape that u refuses',
      // oxlint-disable-next-line no-useless-escape -- the escape that needs no backslash is what the test sends
      z.object({ a: z.string().regex(/^\d\-[\w-.]$/) }),
      { a: '1-.' },
      { a: '1--x' },
    ],
    ['a flag on a key', z.record(z.string().regex(/^x/i), z.number()), { X1: 1 }, { y: 1 }],
    ['two expressions', z.object({ a: z.string().regex(/^A/i).regex(/B$/i) }), { a: 'ab' }, { a: 'ac' }],
    ['a duration with a fraction', z.object({ a: z.iso.duration() }), { a: 'PT0.5S' }, { a: 'soon' }],
    [
      'a local time',
      z.object({ a: z.iso.datetime({ local: true }) }),
      { a: '2026-01-01T00:00:00' },
      { a: 'now' },
    ],
    ['an address of other letters', z.object({ a: z.url() }), { a: 'http://müller.example/ä b' }, { a: 1 }],
    ['an e-mail address', z.object({ a: z.email() }), { a: "o'x@b-.example" }, { a: 'x' }],
    [
      'formats of zod alone',
      z.object({ a: z.nanoid(), b: z.cuid2(), c: z.emoji() }),
      { a: 'V1StGXR8_Z5jdHi6B-myT', b: 'tz4a98xxat96iws9zmbrgj3a', c: '😀' },
      { a: 1 },
    ],
    ['a base64 text', z.object({ a: z.base64() }), { a: 'YQ==' }, { a: 'Y' }],
    ['a fraction of steps', z.object({ a: z.number().multipleOf(0.1) }), { a: 0.3 }, { a: 'x' }],
    ['a tuple', z.tuple([z.string(), z.number()]), ['a', 1], ['a', 1, 2]],
    ['a tuple with a rest', z.tuple([z.string()]).rest(z.number()), ['a', 1, 2], [{}]],
    [
      'an object and a record',
      z.object({ a: z.string() }).and(z.record(z.string(), z.string())),
      { a: 'x', b: 'y' },
      { b: 'y' },
    ],
    ['an endless bound', z.object({ a: z.number().max(Infinity) }), { a: 1e20 }, { a: 'x' }],
    ['an address of version 6', z.object({ a: z.ipv6() }), { a: '::ffff:192.0.2.1' }, { a: 1 }],
    [
      'a text further on',
      z.object({ a: z.string().includes('x', { position: 2 }) }),
      { a: '\nax' },
      { a: 'x' },
    ],
    [
      'metadata of no schema',
      z.object({ a: z.string().meta({ example: 'x', order: 1 }) }),
      { a: 'x' },
      { a: 1 },
    ],
    ['an object or null', z.object({ a: z.string() }).nullable(), null, 1],
  ])('%s', (_what, output, right, wrong) => {
    expect(z.safeParse(output as z.ZodType, right).success).toBe(true);
    expect(taken(output, right)).toEqual([true, true, true]);
    expect(taken(output, wrong)).toContain(false);
  });

  it('written as JSON Schema', () => {
    const definition = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: 'https://example.com/shared',
      $defs: {
        street: { $anchor: 'street', type: 'string' },
        odd: { $id: 'https://example.com/odd', type: 'number' },
      },
      type: 'object',
      properties: {
        a: { $ref: '#street' },
        b: { $ref: 'https://example.com/shared#/$defs/street' },
        c: { $ref: 'https://example.com/odd' },
        d: { type: 'string', nullable: true },
        e: { type: 'string', pattern: String.raw`^\d\-x$`, example: '1-x', xml: { name: 'e' } },
        self: { $ref: '#' },
      },
    };
    const output = fromJsonSchema(definition);
    const value = { a: 'x', b: 'y', c: 1, d: null, e: '1-x', self: { a: 'z' } };
    expect(output['~standard'].validate(value)).toEqual({ value });
    expect(taken(output, value)).toEqual([true, true, true]);
    expect(taken(output, { self: { a: 1 } })).toEqual([false, false, false]);
    // Another schema with the same `$id`, which a client reads with the same validator.
    const again = fromJsonSchema({ ...definition, properties: { a: { type: 'number' } } });
    expect(taken(again, { a: 'x' })).toEqual([false, false, false]);
  });
});

describe('what a tool takes', () => {
  it.each<[string, Schema | undefined]>([
    ['no schema', undefined],
    ['an empty object', z.object({})],
    ['a strict one', z.strictObject({})],
  ])('without arguments lists an empty object: %s', (_what, input) => {
    const { definition, modernDefinition } = tool(input === undefined ? {} : { input });
    for (const entry of [definition, modernDefinition]) {
      expect(listed(entry, 'inputSchema')).toEqual({
        type: 'object',
        properties: {},
        additionalProperties: false,
      });
    }
  });

  it.each<[string, Schema]>([
    ['anything', z.looseObject({})],
    ['a record', z.record(z.string(), z.number())],
    ['JSON Schema without properties', fromJsonSchema({ type: 'object' })],
  ])('is an object with properties, also where it names none: %s', (_what, input) => {
    expect(listed(tool({ input }).definition, 'inputSchema')).toMatchObject({
      type: 'object',
      properties: {},
    });
    expect(listed(tool({ input }).definition, 'inputSchema')).not.toMatchObject({
      additionalProperties: false,
    });
  });

  it('is described at its root, whatever the name', () => {
    const { definition } = tool({
      input: z.object({ a: z.string() }).meta({ id: 'Input', title: 'The input' }),
    });
    expect(listed(definition, 'inputSchema')).toEqual({
      title: 'The input',
      type: 'object',
      properties: { a: { type: 'string' } },
      required: ['a'],
    });
  });

  it('has patterns that match what zod checks', () => {
    const { definition } = tool({ input: z.object({ a: z.string().regex(/^ab$/i) }) });
    expect(listed(definition, 'inputSchema')).toMatchObject({ properties: { a: { pattern: '^[aA][bB]$' } } });
  });
});
