import { z } from 'zod';
import type { Schema } from '../decorators/schema.js';
import { promptArgumentsOf } from './prompt-arguments.js';
import { WiringError } from '../decorators/wiring.error.js';

const of = (args: Schema): unknown => promptArgumentsOf(args, 'SomePrompt');

const validate = (value: unknown) => ({ value });

/** A schema with this JSON Schema form. */
function raw(schema: Record<string, unknown>): Schema {
  const jsonSchema = { input: () => schema, output: () => schema };
  return { '~standard': { version: 1, vendor: 'raw', validate, jsonSchema } };
}

describe('promptArgumentsOf', () => {
  it('has a name, what describes it, and whether it is required', () => {
    const args = z.object({
      topic: z.string().describe('What about').meta({ title: 'Topic' }),
      tone: z.enum(['dry', 'warm']).optional().describe('How'),
      length: z.string().default('short'),
    });
    expect(of(args)).toEqual([
      { name: 'topic', title: 'Topic', description: 'What about', required: true },
      { name: 'tone', description: 'How', required: false },
      { name: 'length', required: false },
    ]);
  });

  it('resolves references', () => {
    const args = z.object({ topic: z.string().meta({ id: 'topic', description: 'What about' }) });
    expect(of(args)).toEqual([{ name: 'topic', description: 'What about', required: true }]);
  });

  it.each(['Args', 'My args/1 %'])('are found whatever schema has an id: %s', (id) => {
    const topic = z.string().meta({ id: `${id} topic`, description: 'What about' });
    const args = z.object({ topic, other: topic.optional() }).meta({ id });
    expect(of(args)).toEqual([
      { name: 'topic', description: 'What about', required: true },
      { name: 'other', description: 'What about', required: false },
    ]);
  });

  it('has none where the schema has none', () => {
    expect(of(z.object({}))).toEqual([]);
  });

  it.each([
    ['a literal', z.literal('x')],
    ['a choice of types', z.union([z.number(), z.string()])],
    ['null', z.string().nullable()],
    ['a date in text', z.iso.date()],
    ['a number by way of text', z.string().pipe(z.coerce.number())],
    ['yes and no', z.stringbool()],
    ['anything', z.unknown()],
  ])('accepts schemas that accept strings: %s', (_what, schema) => {
    expect(of(z.object({ it: schema }))).toHaveLength(1);
  });

  it.each([
    ['a number', z.number()],
    ['a flag', z.boolean().optional()],
    ['a list', z.array(z.string())],
    ['an object', z.object({})],
    ['a choice of numbers', z.union([z.literal(1), z.literal(2)])],
    ['null', z.null()],
  ])('refuses schemas that accept no string: %s', (_what, schema) => {
    expect(() => of(z.object({ it: schema }))).toThrow(
      new WiringError(
        'SomePrompt',
        'the argument "it" takes no string, and clients send nothing else; ' +
          'use z.string(), with .transform() for what it is to become',
      ),
    );
  });

  it('terminates on a recursive definition', () => {
    const loop = {
      type: 'object',
      properties: { it: { $ref: '#/$defs/loop' } },
      $defs: { loop: { anyOf: [{ $ref: '#/$defs/loop' }, { $ref: '#/$defs/loop' }] } },
    };
    expect(() => of(raw(loop))).toThrow(WiringError);
  });

  it('refuses what is no object', () => {
    expect(() => of(z.string())).toThrow('its args schema must describe an object');
  });
});
