import { Injectable } from '@nestjs/common';
import type { Target } from '../../catalog/primitive.js';
import { PromptRegistry } from '../../catalog/prompt.registry.js';
import type { RegisteredPrompt } from '../../catalog/registered-prompt.js';
import { Invoker } from '../../invocation/invoker.js';
import { PromptOperation } from '../../invocation/prompt.operation.js';
import { isTextObject, type Params } from '../../messages/json-rpc.js';
import { invalidParams, type ProtocolError } from '../../messages/protocol.error.js';
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
