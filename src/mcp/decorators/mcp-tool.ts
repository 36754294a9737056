import type { CallToolResult, ContentBlock } from '../messages/sdk-types.js';
import type { CallContext } from './call-context.js';
import type { Schema, Unvalidated, Validated } from './schema.js';

/**
 * What `execute` may return: a text, content blocks or a whole result; where the tool declares `output`, the value
 * that its schema describes, or a whole result that has it as `structuredContent` or is an error.
 */
export type ToolReturn<O extends Schema | undefined = undefined> = O extends Schema
  ? Unvalidated<O> | CallToolResult
  : string | readonly ContentBlock[] | CallToolResult;

/**
 * The class behind a tool. `I` and `O` are the types of the schemas given to `@Tool`; a tool without input
 * is an `McpTool`, and its `execute` gets an empty object. After the context come parameters that have a decorator
 * made by Nest's `createParamDecorator`.
 *
 * Throw `ToolError` to tell the model what went wrong; one of Nest's 4xx exceptions does the same. Anything
 * else that is thrown is logged, and the client sees a reference number only.
 */
export interface McpTool<I extends Schema | undefined = undefined, O extends Schema | undefined = undefined> {
  execute(
    input: I extends Schema ? Validated<I> : Record<string, never>,
    context: CallContext,
    ...decorated: never[]
  ): ToolReturn<O> | Promise<ToolReturn<O>>;
}
