import { Injectable } from '@nestjs/common';
import type { RegisteredPrompt } from '../../catalog/registered-prompt.js';
import { PromptRegistry } from '../../catalog/prompt.registry.js';
import { CallFactory } from '../../invocation/call.factory.js';
import { CallLog } from '../../invocation/call.log.js';
import { Invoker } from '../../invocation/invoker.js';
import { PromptOperation } from '../../invocation/prompt.operation.js';
import type { Exchange } from '../../invocation/exchange.js';
import type { Feature, Method } from '../feature.js';
import { isTextObject, type JsonRpcRequest, type Params } from '../../messages/json-rpc.js';
import { listPage } from '../list.page.js';
import { invalidParams } from '../../messages/protocol.error.js';

/** MCP 2025-11-25 and 2026-07-28, Server Features: Prompts. */
@Injectable()
export class PromptsFeature implements Feature {
  readonly methods: readonly Method[] = [
    {
      name: 'prompts/list',
      era: 'all',
      answer: ({ params }, exchange) => listPage(this.registry.list, params, exchange),
    },
    {
      name: 'prompts/get',
      era: 'all',
      answer: (request, exchange) => this.get(request, exchange),
      entry: (params) => this.find(params),
    },
  ];

  constructor(
    private readonly registry: PromptRegistry,
    private readonly calls: CallFactory,
    private readonly invoker: Invoker,
    private readonly callLog: CallLog,
  ) {}

  private get(request: JsonRpcRequest, exchange: Exchange): Promise<string> {
    const { name } = request.params;
    if (typeof name !== 'string') throw invalidParams('"name" must be a string');
    argumentsOf(request);
    return this.calls.run(request, exchange, (call) => {
      const prompt = this.find(request.params);
      if (prompt?.access.verdict(call.user.scopes) !== 'allowed') {
        this.callLog.unknown(call, 'prompt', prompt);
        throw invalidParams('Unknown prompt: prompts/list names those that you may use');
      }
      return this.invoker.invoke(new PromptOperation(prompt, argumentsOf(request)), call);
    });
  }

  private find({ name }: Params): RegisteredPrompt | undefined {
    return typeof name === 'string' ? this.registry.list.get(name) : undefined;
  }
}

/** Read where they are needed: what a running call refers to stays in memory. */
function argumentsOf({ params: { arguments: args = {} } }: JsonRpcRequest): Readonly<Record<string, string>> {
  if (isTextObject(args)) return args;
  throw invalidParams('"arguments" must be an object whose values are strings');
}
