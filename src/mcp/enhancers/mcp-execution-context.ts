import type { Type } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { MCP_CONTEXT_TYPE } from './mcp-context.js';

type Callback = (...args: unknown[]) => unknown;

/**
 * The execution context of a call for guards, interceptors, filters and parameter decorators. Its arguments are
 * `(input, context)`. Code that takes the first for an HTTP request would read the caller's input as `user`. So every
 * accessor that names a transport, or a position, throws a `TypeError` that names `getMcpContext()`.
 */
export class McpExecutionContext extends ExecutionContextHost {
  constructor(args: unknown[], classRef?: Type | null, handler?: Callback | null) {
    super(args, classRef, handler);
    this.setType(MCP_CONTEXT_TYPE);
  }

  override switchToHttp(): never {
    throw noSuchArguments('switchToHttp');
  }

  override switchToRpc(): never {
    throw noSuchArguments('switchToRpc');
  }

  override switchToWs(): never {
    throw noSuchArguments('switchToWs');
  }

  override getArgByIndex(): never {
    throw noSuchArguments('getArgByIndex');
  }
}

function noSuchArguments(method: string): TypeError {
  return new TypeError(
    `${method}() has no meaning here: this is a call of a tool, a resource or a prompt, and its first argument is what ` +
      'the caller sent. Use getMcpContext(context) for user, session, input and call; code that serves controllers as ' +
      `well asks context.getType() === '${MCP_CONTEXT_TYPE}' first`,
  );
}
