import { Injectable } from '@nestjs/common';
import { PromptRegistry } from '../../catalog/prompt.registry.js';
import { ResourceRegistry } from '../../catalog/resource.registry.js';
import type { CompletionRequest } from '../../decorators/completion.js';
import { CompletionOperation, type CompletionTarget } from '../../invocation/completion.operation.js';
import { Invoker } from '../../invocation/invoker.js';
import { isObject, isTextObject, type Params } from '../../messages/json-rpc.js';
import { invalidParams, type ProtocolError } from '../../messages/protocol.error.js';
import type { RequestHandler, RequestHandlers } from '../request-handler.js';

/** MCP 2025-11-25 and 2026-07-28, Server Features: Completion. */
@Injectable()
export class CompletionHandlers implements RequestHandlers {
  private readonly complete: RequestHandler<CompletionTarget> = {
    method: 'completion/complete',
    era: 'all',
    kind: 'completion',
    find: ({ ref }) => this.find(ref),
    answer: (request, context, found) => {
      const completed = readRequest(request.params);
      assertReference(request.params['ref']);
      return found?.verdict === 'allowed'
        ? this.invoker.call(new CompletionOperation(found.target, completed), request, context)
        : this.invoker.unknown('completion', found, unknownReference(), request, context);
    },
  };
  readonly handlers = [this.complete];

  constructor(
    private readonly prompts: PromptRegistry,
    private readonly resources: ResourceRegistry,
    private readonly invoker: Invoker,
  ) {}

  private find(ref: unknown): CompletionTarget | undefined {
    if (!isObject(ref)) return undefined;
    const { type, name, uri } = ref;
    if (type === 'ref/prompt') {
      const prompt = typeof name === 'string' ? this.prompts.list.byKey.get(name) : undefined;
      return prompt && { primitive: prompt, has: (argument) => prompt.argumentNames.has(argument) };
    }
    if (type !== 'ref/resource' || typeof uri !== 'string') return undefined;
    const resource = this.resources.templates.byKey.get(uri) ?? this.resources.list.byKey.get(uri);
    const variables = resource?.template?.variables ?? [];
    return resource && { primitive: resource, has: (argument) => variables.includes(argument) };
  }
}

function unknownReference(): ProtocolError {
  return invalidParams('Unknown prompt or resource template: the lists name those that you may use');
}

function assertReference(ref: unknown): void {
  if (isObject(ref)) {
    if (ref['type'] === 'ref/prompt' && typeof ref['name'] === 'string') return;
    if (ref['type'] === 'ref/resource' && typeof ref['uri'] === 'string') return;
  }
  throw invalidParams('"ref" must be a "ref/prompt" with a "name" or a "ref/resource" with a "uri"');
}

function readRequest({ argument, context }: Params): CompletionRequest {
  const { name, value } = isObject(argument) ? argument : {};
  if (typeof name !== 'string' || typeof value !== 'string') {
    throw invalidParams('"argument" must have a "name" and a "value" that are strings');
  }
  const { arguments: others = {} } = isObject(context) ? context : {};
  if (!isTextObject(others))
    throw invalidParams('"context.arguments" must be an object whose values are strings');
  return { name, value, others };
}
