import { isObject } from '../messages/json-rpc.js';
import type { ContentBlock } from '../messages/sdk-types.js';

/** Members of each kind of block that have to be strings. MCP 2025-11-25, Tools, "Tool Result". */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  text: ['text'],
  image: ['data', 'mimeType'],
  audio: ['data', 'mimeType'],
  resource_link: ['uri', 'name'],
  resource: [],
};

/** Throws `TypeError` for a block that clients refuse, with the whole result; it names place and member. */
export function assertBlocks(content: readonly unknown[]): asserts content is ContentBlock[] {
  for (const [index, block] of content.entries()) {
    const problem = problemOf(block);
    if (problem !== undefined) throw new TypeError(`content[${index}] that the tool returned ${problem}`);
  }
}

function problemOf(block: unknown): string | undefined {
  if (!isObject(block)) return `is ${describeValue(block)}, and no content block`;
  const { type } = block;
  const texts = typeof type === 'string' && Object.hasOwn(TEXTS, type) ? TEXTS[type] : undefined;
  if (texts === undefined) {
    return `has the type ${JSON.stringify(type)}; there are ${Object.keys(TEXTS).join(', ')}`;
  }
  const missing = texts.find((member) => typeof block[member] !== 'string');
  if (missing !== undefined) return `has the type ${String(type)} and no "${missing}"`;
  return type === 'resource' ? problemOfContents(block['resource']) : undefined;
}

function problemOfContents(resource: unknown): string | undefined {
  if (!isObject(resource) || typeof resource['uri'] !== 'string') return 'has no "resource" with a "uri"';
  const isThere = typeof resource['text'] === 'string' || typeof resource['blob'] === 'string';
  return isThere ? undefined : 'has a "resource" without "text" and "blob"';
}

/** Describes the type of a value, without its content. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const keys = Object.keys(value).slice(0, 8).join(', ');
  return keys === '' ? 'an empty object' : `an object with ${keys}`;
}
