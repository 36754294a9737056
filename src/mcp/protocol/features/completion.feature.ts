import { Injectable } from '@nestjs/common';
import type { Entry } from '../../catalog/entry.js';
import type { Handler } from '../../enhancers/handler.js';
import { PromptRegistry } from '../../catalog/prompt.registry.js';
import { ResourceRegistry } from '../../catalog/resource.registry.js';
import type { CompletionRequest } from '../../decorators/completion.js';
import { CallFactory } from '../../invocation/call.factory.js';
import { CallLog } from '../../invocation/call.log.js';
import {
  type CompletingEntry,
  CompletionOperation,
  NO_COMPLETION,
} from '../../invocation/completion.operation.js';
import { Invoker } from '../../invocation/invoker.js';
import type { Exchange } from '../../invocation/exchange.js';
import type { Feature, Method } from '../feature.js';
import { isObject, isTextObject, type JsonRpcRequest, type Params } from '../../messages/json-rpc.js';
import { invalidParams } from '../../messages/protocol.error.js';
import { ResultWriter } from '../../invocation/result.writer.js';

/** What a reference names, and which of its arguments can be completed. */
interface Referenced {
  readonly entry: Entry & { readonly complete: Handler<CompletionRequest> | undefined };
  has(argument: string): boolean;
}

/** MCP 2025-11-25 and 2026-07-28, Server Features: Completion. */
@Injectable()
export class CompletionFeature implements Feature {
  readonly methods: readonly Method[] = [
    {
      name: 'completion/complete',
      era: 'all',
      answer: (request, exchange) => this.complete(request, exchange),
      entry: ({ ref }) => this.find(ref)?.entry,
    },
  ];

  constructor(
    private readonly prompts: PromptRegistry,
    private readonly resources: ResourceRegistry,
    private readonly calls: CallFactory,
    private readonly invoker: Invoker,
    private readonly writer: ResultWriter,
    private readonly callLog: CallLog,
  ) {}

  private complete(request: JsonRpcRequest, exchange: Exchange): Promise<string> {
    const { ref } = request.params;
    const wanted = readRequest(request.params);
    assertReference(ref);
    return this.calls.run(request, exchange, async (call) => {
      const found = this.find(ref);
      if (found?.entry.access.verdict(call.user.scopes) !== 'allowed') {
        this.callLog.unknown(call, 'completion', found?.entry);
        throw invalidParams('Unknown prompt or resource template: the lists name those that you may use');
      }
      const { entry } = found;
      if (!completes(entry) || !found.has(wanted.name)) {
        this.callLog.ended(call, { kind: 'completion', target: entry.key, entry }, 'ok', performance.now());
        return this.writer.write(NO_COMPLETION, exchange.peer);
      }
      return this.invoker.invoke(new CompletionOperation(entry, wanted), call);
    });
  }

  private find(ref: unknown): Referenced | undefined {
    if (!isObject(ref)) return undefined;
    const { type, name, uri } = ref;
    if (type === 'ref/prompt') {
      const prompt = typeof name === 'string' ? this.prompts.list.get(name) : undefined;
      return prompt && { entry: prompt, has: (argument) => prompt.argumentNames.has(argument) };
    }
    if (type !== 'ref/resource' || typeof uri !== 'string') return undefined;
    const resource = this.resources.templates.get(uri) ?? this.resources.list.get(uri);
    const variables = resource?.template?.variables ?? [];
    return resource && { entry: resource, has: (argument) => variables.includes(argument) };
  }
}

function completes(entry: Referenced['entry']): entry is CompletingEntry {
  return entry.complete !== undefined;
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
