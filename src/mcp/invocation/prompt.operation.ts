import type { RegisteredPrompt } from '../catalog/registered-prompt.js';
import type { Schema } from '../decorators/schema.js';
import type { Handler } from '../enhancers/handler.js';
import { isObject } from '../messages/json-rpc.js';
import { ProtocolError } from '../messages/protocol.error.js';
import { ErrorCode, type GetPromptResult, type PromptMessage } from '../messages/sdk-types.js';
import type { FailureCause, Operation, Result } from './operation.js';

/** `prompts/get`: errors are error objects. MCP 2025-11-25, Prompts, "Error Handling". */
export class PromptOperation implements Operation {
  readonly kind = 'prompt';

  readonly timeoutMs: number | undefined;
  readonly schema: Schema | undefined;
  readonly run: Handler<unknown>;
  args: unknown;

  constructor(
    readonly primitive: RegisteredPrompt,
    args: Readonly<Record<string, string>>,
  ) {
    this.timeoutMs = primitive.timeoutMs;
    this.schema = primitive.args;
    this.run = primitive.render;
    this.args = primitive.args === undefined ? {} : args;
  }

  /** Throws when `render` returned none of the forms of {@link PromptReturn}. */
  toResult(returned: unknown): Result {
    if (isObject(returned) && isMessages(returned['messages'])) return returned;
    const { description } = this.primitive;
    return { ...(description === undefined ? {} : { description }), messages: messagesOf(returned) };
  }

  failure(text: string, cause: FailureCause): ProtocolError {
    return new ProtocolError(
      cause === 'invalid_input' ? ErrorCode.InvalidParams : ErrorCode.InternalError,
      text,
    );
  }
}

function messagesOf(returned: unknown): GetPromptResult['messages'] {
  if (typeof returned === 'string') return [{ role: 'user', content: { type: 'text', text: returned } }];
  if (isMessages(returned)) return [...returned];
  throw new TypeError('render() must return a string, messages or a result with "messages"');
}

function isMessages(value: unknown): value is readonly PromptMessage[] {
  return Array.isArray(value) && value.every((message) => isObject(message) && isObject(message['content']));
}
