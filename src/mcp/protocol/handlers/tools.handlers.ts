import { Injectable } from '@nestjs/common';
import type { Target } from '../../catalog/primitive.js';
import type { RegisteredTool } from '../../catalog/registered-tool.js';
import { ToolRegistry } from '../../catalog/tool.registry.js';
import { Invoker } from '../../invocation/invoker.js';
import type { CallType } from '../../invocation/operation.js';
import { ResultCheck } from '../../invocation/result.check.js';
import { ToolOperation } from '../../invocation/tool.operation.js';
import { isObject, type Params } from '../../messages/json-rpc.js';
import { invalidParams, type ProtocolError } from '../../messages/protocol.error.js';
import type { Peer } from '../../sessions/peer.js';
import { listHandler, type RequestHandler, type RequestHandlers } from '../request-handler.js';

type ToolTarget = Target<RegisteredTool>;

/** MCP 2025-11-25 and 2026-07-28, Server Features: Tools. */
@Injectable()
export class ToolsHandlers implements RequestHandlers, CallType<ToolTarget> {
  readonly kind = 'tool';
  private readonly call: RequestHandler<ToolTarget> = {
    method: 'tools/call',
    era: 'all',
    kind: 'tool',
    find: (params) => this.find(params),
    answer: (request, context, found) => {
      if (typeof request.params['name'] !== 'string') throw invalidParams('"name" must be a string');
      if (!isObject(argumentsIn(request.params))) throw invalidParams('"arguments" must be an object');
      return this.invoker.call(this, request, context, found);
    },
  };
  readonly handlers: readonly RequestHandler[];

  constructor(
    private readonly registry: ToolRegistry,
    private readonly invoker: Invoker,
    private readonly check: ResultCheck,
  ) {
    this.handlers = [listHandler('tools/list', registry.list), this.call];
  }

  unknown(): ProtocolError {
    return invalidParams('Unknown tool: tools/list names those that you may call');
  }

  operation({ primitive }: ToolTarget, params: Params, { isModern }: Peer): ToolOperation {
    return new ToolOperation(primitive, argumentsIn(params), isModern, this.check);
  }

  private find({ name }: Params): ToolTarget | undefined {
    const tool = typeof name === 'string' ? this.registry.list.get(name) : undefined;
    return tool && { primitive: tool };
  }
}

function argumentsIn({ arguments: args = {} }: Params): unknown {
  return args;
}
