import { z } from 'zod';
import { fromJsonSchema } from '../decorators/from-json-schema.js';
import type { Schema } from '../decorators/schema.js';
import { WiringError } from '../decorators/wiring.error.js';
import { registeredTool, type RegisteredTool } from './registered-tool.js';

function tool(schemas: { input?: Schema; output?: Schema }): RegisteredTool {
  return registeredTool({ name: 'tool', description: 'A tool.', ...schemas }, () => '', 'SomeTool');
}

const Loop: z.ZodType = z.lazy(() => Loop);
const Endless = z.object({
  get next() {
    return Endless;
  },
});
const garbage = (jsonSchema: unknown) =>
  ({
    '~standard': {
      version: 1,
      vendor: 'other',
      validate: (value: unknown) => ({ value }),
      jsonSchema: { input: () => jsonSchema, output: () => jsonSchema },
    },
  }) as unknown as Schema;
const circular: Record<string, unknown> = { type: 'object' };
circular['properties'] = { circular };

describe('a schema that no client could read is refused, by the name of its class, the place and a remedy', () => {
  it.each<[string, Schema, RegExp]>([
    ['a bigint', z.object({ a: z.object({ b: z.bigint() }) }), /properties\.a\.properties\.b .*; use types/],
    ['a date in a list', z.object({ a: z.array(z.date()) }), /properties\.a\.items /],
    ['a map', z.object({ a: z.map(z.string(), z.string()) }), /properties\.a /],
    ['undefined', z.object({ a: z.undefined() }), /properties\.a /],
    ['a custom type', z.object({ a: z.custom() }), /properties\.a /],
    ['a schema of itself', z.object({ a: Loop }), /refers to itself only; /],
    ['a schema that throws', z.object({ a: z.lazy(() => null as never) }), /; /],
    ['two of one id', z.object({ a: z.string().meta({ id: 'A' }), b: z.number().meta({ id: 'A' }) }), /"A"/],
    [
      'metadata that is no type',
      z.object({ a: z.string().meta({ type: 'text' }) }),
      /properties\.a\.type must be/,
    ],
    [
      'metadata that leads nowhere',
      z.object({ a: z.string().meta({ $ref: '#/no' }) }),
      /properties\.a\.\$ref .*"#\/no"/,
    ],
    [
      'a pattern of metadata',
      z.object({ a: z.string().meta({ pattern: '[' }) }),
      /properties\.a\.pattern must be/,
    ],
    [
      'flags that a pattern cannot have',
      z.object({ a: z.string().regex(/^a$/m) }),
      /properties\.a .*\/\^a\$\/m/,
    ],
    ['what has no end', z.object({ a: Endless }), /no value can pass; /],
    ['never', z.object({ a: z.never() }), /properties\.a no value can pass; /],
    [
      'an object and a record of something else',
      z.object({ a: z.string() }).and(z.record(z.string(), z.number())),
      /properties\.a no value can pass/,
    ],
    [
      'a record that lacks the required',
      fromJsonSchema({ type: 'object', properties: {}, required: ['b'], additionalProperties: false }),
      /properties\.b no value/,
    ],
    [
      'bounds that exclude each other',
      z.object({ a: z.string().min(5).max(2) }),
      /properties\.a no value can pass/,
    ],
    ['a number for a schema', garbage(7), /; /],
    ['a circle', garbage(circular), /; /],
    [
      'a list of no types',
      garbage({ type: 'object', properties: { a: { type: [] } } }),
      /properties\.a\.type must be/,
    ],
    [
      'a reference to elsewhere',
      garbage({ type: 'object', properties: { a: { $ref: 'https://a.example/b' } } }),
      /properties\.a\.\$ref /,
    ],
    ['no schema at all', {} as Schema, /; use zod/],
  ])('%s', (_what, schema, place) => {
    for (const schemas of [{ input: schema }, { output: schema }]) {
      const refusal = refusalOf(schemas);
      expect(refusal).toBeInstanceOf(WiringError);
      expect(refusal.message).toMatch(/^Class SomeTool: its (input|output) schema /);
      expect(refusal.message).toMatch(place);
    }
  });

  it.each([
    [/^(a+)+$/, 'exponential'],
    [/^(\w|\d)*$/, 'exponential'],
    [/^([a-z0-9]+[._-]?)+$/, 'exponential'],
    [/^\S+@\S+\.\S+$/, 'power'],
    [/foo.*bar/, 'power'],
  ])('a slow pattern: %s', (pattern, growth) => {
    const refusal = refusalOf({ input: z.object({ a: z.string().regex(pattern) }) });
    expect(refusal.message).toMatch(
      new RegExp(`^Class SomeTool: .*properties\\.a .*${growth}.*; rewrite it`),
    );
    const raw = refusalOf({
      input: fromJsonSchema({
        type: 'object',
        properties: { a: { type: 'string', pattern: pattern.source } },
      }),
    });
    expect(raw.message).toMatch(
      new RegExp(`^Class SomeTool: .*properties\\.a\\.pattern .*${growth}.*; rewrite it`),
    );
  });

  it('except where the length is checked first', () => {
    const pattern = String.raw`\d+$`;
    const bounded = { type: 'object', properties: { a: { type: 'string', pattern, maxLength: 200 } } };
    expect(tool({ input: fromJsonSchema(bounded) })).toBeDefined();
    expect(
      tool({ input: z.object({ a: z.string().max(200, { abort: true }).regex(/\d+$/) }) }),
    ).toBeDefined();
    expect(refusalOf({ input: z.object({ a: z.string().max(200).regex(/\d+$/) }) }).message).toMatch(
      /abort: true/,
    );
  });
});

function refusalOf(schemas: { input?: Schema; output?: Schema }): Error {
  try {
    tool(schemas);
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was taken');
}
