import { z } from 'zod';
import type { ClientInput, InputRequest } from './client.input.js';
import { elicitation } from './elicitation.js';
import { ToolError } from '../decorators/tool.error.js';

/** A client that always answers the same, and the requests it received. */
function client(answer: unknown): { input: ClientInput; asked: InputRequest[] } {
  const asked: InputRequest[] = [];
  const input: ClientInput = {
    ask: (question) => {
      asked.push(question);
      return Promise.resolve(answer);
    },
    once: () => Promise.reject(new Error('unused')),
  };
  return { input, asked };
}

const choices = z.object({
  name: z.string().default('John Doe'),
  age: z.int().default(30),
  score: z.number().default(95.5),
  status: z.enum(['active', 'inactive']).default('active'),
  verified: z.boolean().default(true),
  mail: z.email().optional(),
  colors: z.array(z.enum(['red', 'green'])).optional(),
});

describe('elicitation', () => {
  it('converts a schema to a form: defaults stay, and are not required', async () => {
    const { input, asked } = client({ action: 'decline' });
    await elicitation({ message: 'Well?', schema: choices }, input);
    expect(asked[0]).toMatchObject({
      method: 'elicitation/create',
      key: undefined,
      params: {
        mode: 'form',
        message: 'Well?',
        requestedSchema: {
          type: 'object',
          properties: {
            name: { type: 'string', default: 'John Doe' },
            age: { type: 'integer', default: 30 },
            score: { type: 'number', default: 95.5 },
            status: { type: 'string', enum: ['active', 'inactive'], default: 'active' },
            verified: { type: 'boolean', default: true },
            mail: { type: 'string', format: 'email' },
            colors: { type: 'array', items: { type: 'string', enum: ['red', 'green'] } },
          },
        },
      },
    });
    expect(asked[0]!.params['requestedSchema']).not.toHaveProperty('required');
  });

  it('inlines definitions: a form has none', async () => {
    const { input, asked } = client({ action: 'decline' });
    const size = z.enum(['small', 'large']).meta({ id: 'Size' });
    await elicitation({ message: 'Well?', schema: z.object({ size }).meta({ id: 'Order' }) }, input);
    expect(asked[0]!.params['requestedSchema']).toEqual({
      type: 'object',
      properties: { size: { type: 'string', enum: ['small', 'large'] } },
      required: ['size'],
    });
  });

  it('fills in what the user left out', async () => {
    const { input } = client({ action: 'accept', content: { age: 25 } });
    expect(await elicitation({ message: 'Well?', schema: choices }, input)).toEqual({
      action: 'accept',
      content: { name: 'John Doe', age: 25, score: 95.5, status: 'active', verified: true },
    });
  });

  it('sends JSON Schema as it is, and returns what comes back', async () => {
    const requestedSchema = {
      type: 'object',
      properties: {
        legacy: { type: 'string', enum: ['a'], enumNames: ['A'] },
        titled: { type: 'string', oneOf: [{ const: 'a', title: 'A' }] },
        many: { type: 'array', items: { anyOf: [{ const: 'a', title: 'A' }] } },
      },
    };
    const content = { legacy: 'a', titled: 'a', many: ['a'] };
    const { input, asked } = client({ action: 'accept', content });
    expect(await elicitation({ message: 'Well?', requestedSchema }, input)).toEqual({
      action: 'accept',
      content,
    });
    expect(asked[0]!.params['requestedSchema']).toBe(requestedSchema);
  });

  it.each([
    [z.object({ address: z.object({ street: z.string() }) }), 'address'],
    [z.object({ names: z.array(z.object({ first: z.string() })) }), 'names'],
    [z.object({ maybe: z.string().nullable() }), 'maybe'],
  ])('refuses a schema that a form cannot have', async (schema, field) => {
    const { input, asked } = client({ action: 'accept' });
    await expect(elicitation({ message: 'Well?', schema }, input)).rejects.toThrow(field);
    expect(asked).toEqual([]);
  });

  it('returns no content when the user declines, whatever the client sends', async () => {
    const { input } = client({ action: 'cancel', content: { age: 25 } });
    expect(await elicitation({ message: 'Well?', schema: choices }, input)).toEqual({ action: 'cancel' });
  });

  it('reports to the model what does not fit', async () => {
    const { input } = client({ action: 'accept', content: { age: 'old' } });
    const answer = elicitation({ message: 'Well?', schema: choices }, input);
    await expect(answer).rejects.toThrow(ToolError);
    await expect(answer).rejects.toThrow('age');
  });
});
