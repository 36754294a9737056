import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { type McpTool, Tool } from '../mcp/index.js';

/** The widest range that `crypto.randomInt` draws from. */
const MAX_SPAN = 2 ** 48 - 2;

const input = z
  .object({
    min: z.int().default(0).describe('Smallest number that may come up'),
    max: z.int().default(100).describe('Largest number that may come up'),
  })
  .refine(({ min, max }) => min <= max, { path: ['min'], message: 'must not be greater than max' })
  .refine(({ min, max }) => max - min <= MAX_SPAN, { path: ['max'], message: 'is too far from min' });

/** Returns a random integer of a range, both ends included, from a cryptographically secure source. */
@Tool({
  name: 'random-number',
  title: 'Random number',
  description: 'Returns a random integer between min and max, both included.',
  input,
  annotations: { readOnlyHint: true, openWorldHint: false },
})
export class RandomNumberTool implements McpTool<typeof input> {
  execute({ min, max }: z.infer<typeof input>): string {
    return `Random number between ${min} and ${max}: ${min + randomInt(max - min + 1)}`;
  }
}
