import { Inject, Injectable, Logger } from '@nestjs/common';
import { ToolRegistry } from '../catalog/tool.registry.js';
import { CallAbortedError } from '../invocation/call-aborted.error.js';
import { ToolCall } from '../invocation/tool-call.js';
import { ToolInvoker } from '../invocation/tool.invoker.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import type { Principal } from '../sessions/principal.js';
import type { MessageOutlet, Session } from '../sessions/session.js';
import { answerInitialize } from './initialize.js';
import {
  encodeError,
  encodeResult,
  isObject,
  isRequestId,
  type JsonRpcMessage,
  type JsonRpcNotification,
  type JsonRpcRequest,
  type Params,
} from './json-rpc.js';
import { ProtocolError } from './protocol.error.js';
import { ErrorCode, LoggingLevelSchema, type ProgressToken } from './sdk-types.js';

/** What a message came with. */
export interface Exchange {
  readonly session: Session;
  /** The caller, as the token of this very message describes it. */
  readonly principal: Principal;
  /** Takes what a request causes ahead of its reply: progress, log messages. */
  readonly outlet: MessageOutlet;
}

/** Answers a request with its result as JSON text; throws {@link ProtocolError}. */
type RequestHandler = (request: JsonRpcRequest, exchange: Exchange) => string | Promise<string>;

const EMPTY_RESULT = '{}';

const NO_REPLY = Promise.resolve(undefined);

/** The server's side of MCP in a session: lifecycle, ping, tools, logging, cancellation. */
@Injectable()
export class ProtocolService {
  private readonly logger = new Logger('Protocol');
  private readonly handlers: ReadonlyMap<string, RequestHandler>;

  constructor(
    private readonly registry: ToolRegistry,
    private readonly invoker: ToolInvoker,
    @Inject(MCP_OPTIONS) options: McpModuleOptions,
  ) {
    this.handlers = new Map<string, RequestHandler>([
      ['initialize', ({ params }, { session }) => answerInitialize(params, session, options)],
      ['ping', () => EMPTY_RESULT],
      ['logging/setLevel', ({ params }, { session }) => setLogLevel(params, session)],
      ['tools/list', ({ params }, { principal }) => this.listTools(params, principal)],
      ['tools/call', (request, exchange) => this.callTool(request, exchange)],
    ]);
  }

  /**
   * Takes a message of a session. Resolves with the one reply of a request, as text; with undefined for
   * anything else, and for a request that the client has cancelled or whose session has ended.
   */
  handle(message: JsonRpcMessage, exchange: Exchange): Promise<string | undefined> {
    if (message.kind === 'notification') handleNotification(message, exchange.session);
    // A response has nobody waiting for it: this server asks its clients nothing yet.
    return message.kind === 'request' ? this.reply(message, exchange) : NO_REPLY;
  }

  private async reply(request: JsonRpcRequest, exchange: Exchange): Promise<string | undefined> {
    try {
      const handler = this.handlers.get(request.method);
      if (handler === undefined) throw new ProtocolError(ErrorCode.MethodNotFound, 'Method not found');
      return encodeResult(request.id, await handler(request, exchange));
    } catch (error) {
      if (error instanceof ProtocolError) return encodeError(request.id, error.code, error.message);
      if (error instanceof CallAbortedError) {
        return error.outcome === 'shutdown'
          ? encodeError(request.id, ErrorCode.ConnectionClosed, error.message)
          : undefined;
      }
      this.logger.error({ event: 'request.failed', method: request.method.slice(0, 64), err: error });
      return encodeError(request.id, ErrorCode.InternalError, 'Internal error');
    }
  }

  private listTools(params: Params, principal: Principal): string {
    if (params['cursor'] !== undefined) throw invalidParams('There is no such cursor: the list has one page');
    return this.registry.listResult(principal.scopes);
  }

  private async callTool({ id, params }: JsonRpcRequest, exchange: Exchange): Promise<string> {
    const { session, principal, outlet } = exchange;
    const { name, arguments: args = {}, _meta: meta } = params;
    if (typeof name !== 'string') throw invalidParams('"name" must be a string');
    if (!isObject(args)) throw invalidParams('"arguments" must be an object');
    const call = new ToolCall(session, principal, id, outlet, progressTokenOf(meta));
    session.calls.set(id, call);
    try {
      return await this.invoker.invoke(name, args, call);
    } finally {
      session.calls.delete(id);
      session.touch();
    }
  }
}

/** MCP 2025-11-25, Cancellation: an unknown or finished request is ignored. */
function handleNotification({ method, params }: JsonRpcNotification, session: Session): void {
  if (method !== 'notifications/cancelled') return;
  const requestId = params['requestId'];
  if (isRequestId(requestId)) session.calls.get(requestId)?.abort('cancelled');
}

function setLogLevel(params: Params, session: Session): string {
  const level = LoggingLevelSchema.safeParse(params['level']);
  if (!level.success) throw invalidParams(`"level" must be one of ${LoggingLevelSchema.options.join(', ')}`);
  session.setLogLevel(level.data);
  return EMPTY_RESULT;
}

function progressTokenOf(meta: unknown): ProgressToken | undefined {
  const token = isObject(meta) ? meta['progressToken'] : undefined;
  return isRequestId(token) ? token : undefined;
}

function invalidParams(message: string): ProtocolError {
  return new ProtocolError(ErrorCode.InvalidParams, message);
}
