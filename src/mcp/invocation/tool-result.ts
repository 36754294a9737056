import type { Schema } from '../decorators/schema.js';
import type { RegisteredTool } from '../catalog/registered-tool.js';
import type { CallToolResult, ContentBlock } from '../protocol/sdk-types.js';
import { describeIssues } from './argument-issues.js';

/** A result with one text block. */
function textResult(text: string): CallToolResult {
  return { content: [{ type: 'text', text }] };
}

/** A result that tells the model what went wrong. MCP 2025-11-25, Tools, "Error Handling". */
export function errorResult(text: string): CallToolResult {
  return { content: [{ type: 'text', text }], isError: true };
}

/**
 * Maps what `execute` returned to the result on the wire. Throws when it is none of the forms that
 * {@link ToolReturn} names, or is not what the tool's output schema describes.
 */
export function toResult(
  tool: RegisteredTool,
  returned: unknown,
  modern: boolean,
): CallToolResult | Promise<CallToolResult> {
  if (isResult(returned)) return returned;
  if (tool.output !== undefined) return structuredResult(tool.output, returned, tool.wrapsOutput && !modern);
  if (typeof returned === 'string') return textResult(returned);
  if (Array.isArray(returned)) return { content: [...(returned as readonly ContentBlock[])] };
  throw new TypeError('execute() must return a string, content blocks or a result with "content"');
}

async function structuredResult(schema: Schema, returned: unknown, wraps: boolean): Promise<CallToolResult> {
  const validation = await schema['~standard'].validate(returned);
  if (validation.issues !== undefined) {
    throw new TypeError(
      `execute() returned what its output schema does not describe: ${describeIssues(validation.issues)}`,
    );
  }
  const { value } = validation;
  const structuredContent = (wraps ? { result: value } : value) as Record<string, unknown>;
  return { content: [{ type: 'text', text: JSON.stringify(value) }], structuredContent };
}

function isResult(value: unknown): value is CallToolResult {
  return (
    typeof value === 'object' && value !== null && Array.isArray((value as { content?: unknown }).content)
  );
}
