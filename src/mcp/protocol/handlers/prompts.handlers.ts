import { Injectable } from '@nestjs/common';
import type { Target } from '../../catalog/primitive.js';
import { PromptRegistry } from '../../catalog/prompt.registry.js';
import type { RegisteredPrompt } from '../../catalog/registered-prompt.js';
import type { Schema } from '../../decorators/schema.js';
import type { Handler } from '../../enhancers/handler.js';
import { Invoker } from '../../invocation/invoker.js';
import type { FailureCause, Operation, Result } from '../../invocation/operation.js';
import { isObject, isTextObject, type Params } from '../../messages/json-rpc.js';
import { invalidParams, ProtocolError } from '../../messages/protocol.error.js';
import { ErrorCode, type GetPromptResult, type PromptMessage } from '../../messages/sdk-types.js';
import { listHandler, type RequestHandler, type RequestHandlers } from '../request-handler.js';

/** MCP 2025-11-25 and 2026-07-28, Server Features: Prompts. */
@Injectable()
export class PromptsHandlers implements RequestHandlers {
  readonly handlers: readonly RequestHandler[];

  constructor({ list }: PromptRegistry, invoker: Invoker) {
    const get: RequestHandler<Target<RegisteredPrompt>> = {
      method: 'prompts/get',
      era: 'all',
      kind: 'prompt',
      find: ({ name }) => {
        const prompt = typeof name === 'string' ? list.byKey.get(name) : undefined;
        return prompt && { primitive: prompt };
      },
      answer: (request, context, found) => {
        if (typeof request.params['name'] !== 'string') throw invalidParams('"name" must be a string');
        const args = argumentsIn(request.params);
        return found?.verdict === 'allowed'
          ? invoker.call(new PromptOperation(found.target.primitive, args), request, context)
          : invoker.unknown('prompt', found, unknownPrompt(), request, context);
      },
    };
    this.handlers = [listHandler('prompts/list', list), get];
  }
}

function unknownPrompt(): ProtocolError {
  return invalidParams('Unknown prompt: prompts/list names those that you may use');
}

function argumentsIn({ arguments: args = {} }: Params): Readonly<Record<string, string>> {
  if (isTextObject(args)) return args;
  throw invalidParams('"arguments" must be an object whose values are strings');
}

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
