import { Injectable } from '@nestjs/common';
import type { Target } from '../../catalog/primitive.js';
import type { RegisteredTool } from '../../catalog/registered-tool.js';
import { ToolRegistry } from '../../catalog/tool.registry.js';
import { Invoker } from '../../invocation/invoker.js';
import { ResultCheck } from '../../invocation/result.check.js';
import { ToolOperation } from '../../invocation/tool.operation.js';
import { isObject } from '../../messages/json-rpc.js';
import { invalidParams, type ProtocolError } from '../../messages/protocol.error.js';
import { listHandler, type RequestHandler, type RequestHandlers } from '../request-handler.js';

/** MCP 2025-11-25 and 2026-07-28, Server Features: Tools. */
@Injectable()
export class ToolsHandlers implements RequestHandlers {
  readonly handlers: readonly RequestHandler[];

  constructor({ list }: ToolRegistry, invoker: Invoker, check: ResultCheck) {
    const call: RequestHandler<Target<RegisteredTool>> = {
      method: 'tools/call',
      era: 'all',
      kind: 'tool',
      find: ({ name }) => {
        const tool = typeof name === 'string' ? list.byKey.get(name) : undefined;
        return tool && { primitive: tool };
      },
      answer: (request, context, found) => {
        const { name, arguments: args = {} } = request.params;
        if (typeof name !== 'string') throw invalidParams('"name" must be a string');
        if (!isObject(args)) throw invalidParams('"arguments" must be an object');
        if (found?.verdict !== 'allowed')
          return invoker.unknown('tool', found, unknownTool(), request, context);
        const { primitive } = found.target;
        return invoker.call(
          new ToolOperation(primitive, args, context.peer.isModern, check),
          request,
          context,
        );
      },
    };
    this.handlers = [listHandler('tools/list', list), call];
  }
}

function unknownTool(): ProtocolError {
  return invalidParams('Unknown tool: tools/list names those that you may call');
}
