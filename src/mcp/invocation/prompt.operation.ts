import type { RegisteredPrompt } from '../catalog/registered-prompt.js';
import type { CallContext } from '../decorators/call-context.js';
import { isObject } from '../messages/json-rpc.js';
import { ProtocolError } from '../messages/protocol.error.js';
import { ErrorCode, type GetPromptResult, type PromptMessage } from '../messages/sdk-types.js';
import { describeIssues, validateArguments } from '../catalog/argument-issues.js';
import { type FailureCause, InvalidInputError, type Operation, type Result } from './operation.js';

/** `prompts/get`: errors are error objects. MCP 2025-11-25, Prompts, "Error Handling". */
export class PromptOperation implements Operation {
  readonly kind = 'prompt';

  constructor(
    private readonly prompt: RegisteredPrompt,
    /** Released after validation, since the call may run for long. */
    private args: Readonly<Record<string, string>> | undefined,
  ) {}

  get primitive(): RegisteredPrompt {
    return this.prompt;
  }

  get timeoutMs(): number | undefined {
    return this.prompt.timeoutMs;
  }

  async prepare(): Promise<unknown> {
    const { args } = this;
    this.args = undefined;
    if (this.prompt.args === undefined) return {};
    const validation = await validateArguments(this.prompt.args, args);
    if (validation.issues === undefined) return validation.value;
    throw new InvalidInputError(
      `Invalid arguments for ${this.prompt.key}: ${describeIssues(validation.issues)}`,
    );
  }

  run(args: unknown, context: CallContext): unknown {
    return this.prompt.render(args, context);
  }

  /** Throws when `render` returned none of the forms of {@link PromptReturn}. */
  toResult(returned: unknown): Result {
    if (isObject(returned) && isMessages(returned['messages'])) return returned;
    const { description } = this.prompt;
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
