import { Injectable } from '@nestjs/common';
import type { RegisteredTool } from '../../catalog/registered-tool.js';
import { ToolRegistry } from '../../catalog/tool.registry.js';
import { CallFactory } from '../../invocation/call.factory.js';
import { CallLog } from '../../invocation/call.log.js';
import { Invoker } from '../../invocation/invoker.js';
import { ResultCheck } from '../../invocation/result.check.js';
import { ToolOperation } from '../../invocation/tool.operation.js';
import type { Exchange } from '../../invocation/exchange.js';
import type { Feature, Method } from '../feature.js';
import { isObject, type JsonRpcRequest, type Params } from '../../messages/json-rpc.js';
import { listPage } from '../list.page.js';
import { invalidParams } from '../../messages/protocol.error.js';

/** MCP 2025-11-25 and 2026-07-28, Server Features: Tools. */
@Injectable()
export class ToolsFeature implements Feature {
  readonly methods: readonly Method[] = [
    {
      name: 'tools/list',
      era: 'all',
      answer: ({ params }, exchange) => listPage(this.registry.list, params, exchange),
    },
    {
      name: 'tools/call',
      era: 'all',
      answer: (request, exchange) => this.call(request, exchange),
      entry: (params) => this.find(params),
    },
  ];

  constructor(
    private readonly registry: ToolRegistry,
    private readonly calls: CallFactory,
    private readonly invoker: Invoker,
    private readonly callLog: CallLog,
    private readonly check: ResultCheck,
  ) {}

  private call(request: JsonRpcRequest, exchange: Exchange): Promise<string> {
    const { name } = request.params;
    if (typeof name !== 'string') throw invalidParams('"name" must be a string');
    if (!isObject(argumentsOf(request))) throw invalidParams('"arguments" must be an object');
    return this.calls.run(request, exchange, (call) => {
      const tool = this.find(request.params);
      if (tool?.access.verdict(call.user.scopes) !== 'allowed') {
        this.callLog.unknown(call, 'tool', tool);
        throw invalidParams('Unknown tool: tools/list names those that you may call');
      }
      const args = argumentsOf(request);
      return this.invoker.invoke(new ToolOperation(tool, args, exchange.peer.isModern, this.check), call);
    });
  }

  private find({ name }: Params): RegisteredTool | undefined {
    return typeof name === 'string' ? this.registry.list.get(name) : undefined;
  }
}

/** Read where they are needed: what a running call refers to stays in memory. */
function argumentsOf({ params }: JsonRpcRequest): unknown {
  const { arguments: args = {} } = params;
  return args;
}
