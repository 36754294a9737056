import { Injectable } from '@nestjs/common';
import type { Target } from '../../catalog/primitive.js';
import { PromptRegistry } from '../../catalog/prompt.registry.js';
import type { RegisteredPrompt } from '../../catalog/registered-prompt.js';
import { Invoker } from '../../invocation/invoker.js';
import type { CallType } from '../../invocation/operation.js';
import { PromptOperation } from '../../invocation/prompt.operation.js';
import { isTextObject, type Params } from '../../messages/json-rpc.js';
import { invalidParams, type ProtocolError } from '../../messages/protocol.error.js';
import { listHandler, type RequestHandler, type RequestHandlers } from '../request-handler.js';

type PromptTarget = Target<RegisteredPrompt>;

/** MCP 2025-11-25 and 2026-07-28, Server Features: Prompts. */
@Injectable()
export class PromptsHandlers implements RequestHandlers, CallType<PromptTarget> {
  readonly kind = 'prompt';
  private readonly get: RequestHandler<PromptTarget> = {
    method: 'prompts/get',
    era: 'all',
    kind: 'prompt',
    find: (params) => this.find(params),
    answer: (request, context, found) => {
      if (typeof request.params['name'] !== 'string') throw invalidParams('"name" must be a string');
      argumentsIn(request.params);
      return this.invoker.call(this, request, context, found);
    },
  };
  readonly handlers: readonly RequestHandler[];

  constructor(
    private readonly registry: PromptRegistry,
    private readonly invoker: Invoker,
  ) {
    this.handlers = [listHandler('prompts/list', registry.list), this.get];
  }

  unknown(): ProtocolError {
    return invalidParams('Unknown prompt: prompts/list names those that you may use');
  }

  operation({ primitive }: PromptTarget, params: Params): PromptOperation {
    return new PromptOperation(primitive, argumentsIn(params));
  }

  private find({ name }: Params): PromptTarget | undefined {
    const prompt = typeof name === 'string' ? this.registry.list.get(name) : undefined;
    return prompt && { primitive: prompt };
  }
}

function argumentsIn({ arguments: args = {} }: Params): Readonly<Record<string, string>> {
  if (isTextObject(args)) return args;
  throw invalidParams('"arguments" must be an object whose values are strings');
}
