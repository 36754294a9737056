import type { CallToolResult, ContentBlock } from '../messages/sdk-types.js';
import type { CallContext } from './call-context.js';
import type { Schema, Unvalidated, Validated } from './schema.js';

/**
 * What `execute` may return: a string, content blocks or a whole result; where the tool declares `output`, the value
 * that its schema describes, or a whole result with it as `structuredContent` or with `isError`.
 */
export type ToolReturn<O extends Schema | undefined = undefined> = O extends Schema
  ? Unvalidated<O> | CallToolResult
  : string | readonly ContentBlock[] | CallToolResult;

/**
 * The class of a tool. `I` and `O` are the types of the schemas given to `@Tool`; without input `execute` gets an empty
 * object. Parameters after the context need a decorator made by Nest's `createParamDecorator`.
 *
 * Throw `ToolError`, or one of Nest's 4xx exceptions, to tell the model what went wrong. Any other error is logged, and
 * the client receives a reference number only.
 */
export interface McpTool<I extends Schema | undefined = undefined, O extends Schema | undefined = undefined> {
  execute(
    input: I extends Schema ? Validated<I> : Record<string, never>,
    context: CallContext,
    ...decorated: never[]
  ): ToolReturn<O> | Promise<ToolReturn<O>>;
}
