import type { GetPromptResult, PromptMessage } from '../messages/sdk-types.js';
import type { CallContext } from './call-context.js';
import type { Completes } from './completion.js';
import type { Schema, Validated } from './schema.js';

/** A text is one message of the user's. */
export type PromptReturn = string | readonly PromptMessage[] | GetPromptResult;

/**
 * The class behind a prompt. Throw `ToolError` to tell the client what went wrong. Anything else that is
 * thrown is logged, and the client sees a reference number only.
 */
export interface McpPrompt<A extends Schema | undefined = undefined> extends Completes {
  render(
    args: A extends Schema ? Validated<A> : Record<string, never>,
    context: CallContext,
    ...decorated: never[]
  ): PromptReturn | Promise<PromptReturn>;
}
