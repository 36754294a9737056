import type { RegisteredTool } from '../catalog/registered-tool.js';
import type { Schema } from '../decorators/schema.js';
import { isObject } from '../messages/json-rpc.js';
import type { CallToolResult, ContentBlock } from '../messages/sdk-types.js';
import { describeIssues } from './argument-issues.js';

/** A result with one text block. */
function textResult(text: string): CallToolResult {
  return { content: [{ type: 'text', text }] };
}

/** A result that tells the model what went wrong. MCP 2025-11-25, Tools, "Error Handling". */
export function errorResult(text: string): CallToolResult {
  return { content: [{ type: 'text', text }], isError: true };
}

const BLOCK_TYPES: ReadonlySet<unknown> = new Set<ContentBlock['type']>([
  'text',
  'image',
  'audio',
  'resource',
  'resource_link',
]);

/**
 * Maps what `execute` returned to the result on the wire. Throws when it is none of the forms that
 * {@link ToolReturn} names, or is not what the tool's output schema describes.
 */
export function toResult(
  tool: RegisteredTool,
  returned: unknown,
  modern: boolean,
): CallToolResult | Promise<CallToolResult> {
  if (tool.output !== undefined) return structuredResult(tool.output, returned, tool.wrapsOutput && !modern);
  if (typeof returned === 'string') return textResult(returned);
  if (isResult(returned)) return returned;
  if (areBlocks(returned)) return { content: [...returned] };
  throw new TypeError('execute() must return a string, content blocks or a result with "content"');
}

/** Of a whole result its `structuredContent` is checked; one that is an error need not have any. */
async function structuredResult(schema: Schema, returned: unknown, wraps: boolean): Promise<CallToolResult> {
  // A value that the schema describes may have a `content` of its own.
  const isWhole =
    isResult(returned) && (returned.isError === true || returned.structuredContent !== undefined);
  if (isWhole && returned.structuredContent === undefined) return returned;
  const validation = await schema['~standard'].validate(isWhole ? returned.structuredContent : returned);
  if (validation.issues !== undefined) {
    throw new TypeError(
      `execute() returned what its output schema does not describe: ${describeIssues(validation.issues)}`,
    );
  }
  const { value } = validation;
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError('execute() returned what JSON has no form for');
  const structuredContent = (wraps ? { result: value } : value) as Record<string, unknown>;
  const whole = isWhole ? returned : { content: [{ type: 'text' as const, text }] };
  return { ...whole, structuredContent };
}

function isResult(value: unknown): value is CallToolResult {
  return isObject(value) && areBlocks(value['content']);
}

function areBlocks(value: unknown): value is readonly ContentBlock[] {
  return Array.isArray(value) && value.every((block) => isObject(block) && BLOCK_TYPES.has(block['type']));
}
