import type { GetPromptResult, PromptMessage } from '../messages/sdk-types.js';
import type { CallContext } from './call-context.js';
import type { Completes } from './completion.js';
import type { Schema, Validated } from './schema.js';

/** A string is one message with the role `user`. */
export type PromptReturn = string | readonly PromptMessage[] | GetPromptResult;

/**
 * The class of a prompt. Throw `ToolError` to send the client an error message. Any other error is logged, and the
 * client receives a reference number only.
 */
export interface McpPrompt<A extends Schema | undefined = undefined> extends Completes {
  render(
    args: A extends Schema ? Validated<A> : Record<string, never>,
    context: CallContext,
    ...decorated: never[]
  ): PromptReturn | Promise<PromptReturn>;
}
