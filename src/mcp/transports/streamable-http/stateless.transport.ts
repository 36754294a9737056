import { HttpStatus, Inject, Injectable } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { actorOf, type RefusalCode, RefusalLog } from '../../../audit/index.js';
import { ToolRegistry } from '../../catalog/tool.registry.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../../mcp.options.js';
import { type ByteHold, InFlightBudgets, type UserBudget } from '../../limits/in-flight.budgets.js';
import { CallLimiter } from '../../protocol/call.limiter.js';
import { encodeError, type JsonRpcMessage, type JsonRpcRequest } from '../../messages/json-rpc.js';
import { ProtocolError } from '../../messages/protocol.error.js';
import { ProtocolService, type Reply } from '../../protocol/protocol.service.js';
import { ErrorCode } from '../../messages/sdk-types.js';
import type { SessionEnd } from '../../sessions/peer.js';
import { principalOf, userKeyOf } from '../../sessions/principal.js';
import { RequestRefused } from '../../sessions/request-refused.js';
import { SessionService } from '../../sessions/session.service.js';
import type { Visit } from '../../sessions/visit.js';
import type { AuthenticatedRequest } from '../authenticated-request.js';
import { type AcceptedTypes, assertAcceptsStream } from '../accepted-types.js';
import { SseStream } from '../sse.stream.js';
import { refuseUnanswered } from '../unanswered.js';
import { PostExchange } from './post.exchange.js';
import { assertMirrored, assertParamsMirrored } from './mirrored-headers.js';
import { readEnvelope, versionIn } from '../request-envelope.js';

/** What goes wrong with the request itself, rather than with what it asks for. */
const STATUSES: Readonly<Record<number, HttpStatus>> = {
  [ErrorCode.MethodNotFound]: HttpStatus.NOT_FOUND,
  [ErrorCode.HeaderMismatch]: HttpStatus.BAD_REQUEST,
  [ErrorCode.MissingRequiredClientCapability]: HttpStatus.BAD_REQUEST,
  [ErrorCode.UnsupportedProtocolVersion]: HttpStatus.BAD_REQUEST,
};

/** Why a request was not taken. */
const CODES: Readonly<Record<number, RefusalCode>> = {
  [ErrorCode.HeaderMismatch]: 'header_mismatch',
  [ErrorCode.UnsupportedProtocolVersion]: 'unsupported_protocol_version',
};

/** Streamable HTTP without sessions: each request stands for itself. MCP 2026-07-28, Transports. */
@Injectable()
export class StatelessTransport {
  constructor(
    private readonly sessions: SessionService,
    private readonly protocol: ProtocolService,
    private readonly limiter: CallLimiter,
    private readonly tools: ToolRegistry,
    private readonly refusals: RefusalLog,
    private readonly budgets: InFlightBudgets,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /** Takes a message and answers it. A connection that ends before the answer cancels the request. */
  async post(
    message: JsonRpcMessage,
    hold: ByteHold,
    accepted: AcceptedTypes,
    request: AuthenticatedRequest,
    response: ServerResponse,
  ): Promise<void> {
    if (message.kind === 'response') throw unwantedResponse();
    // This revision has no notifications of the client's over HTTP; unknown ones are nobody's loss.
    if (message.kind === 'notification') {
      return void response.writeHead(HttpStatus.ACCEPTED, { 'Cache-Control': 'no-store' }).end();
    }
    try {
      assertMirrored(request, versionIn(message), message);
      const visit = this.sessions.receive(principalOf(request.auth), readEnvelope(message.params));
      await this.serve(message, hold, visit, accepted, request, response);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.refusals.refused(request, {
        event: 'request.refused',
        code: CODES[error.code] ?? 'malformed_message',
        status: HttpStatus.BAD_REQUEST,
        actor: actorOf(request.auth),
        requestId: message.id,
      });
      const text = encodeError(message.id, error.code, error.message, error.data);
      const exchange = new PostExchange(response, this.options, this.budgetOf(request));
      exchange.finish([{ text, error: error.code }], false, HttpStatus.BAD_REQUEST);
    }
  }

  private async serve(
    message: JsonRpcRequest,
    hold: ByteHold,
    visit: Visit,
    accepted: AcceptedTypes,
    request: AuthenticatedRequest,
    response: ServerResponse,
  ): Promise<void> {
    // Its client may have left while the token was looked at: its 'close' has passed unheard.
    if (response.destroyed) return this.sessions.leave(visit);
    const gone = (): void => this.sessions.close(visit, 'client_disconnected');
    response.once('close', gone);
    let endCalls: (() => void) | undefined;
    try {
      const { principal } = visit;
      if (message.method === 'subscriptions/listen') assertAcceptsStream(request);
      if (message.method === 'tools/call') this.assertParams(message, visit, request);
      const scopes = this.protocol.scopesToAskFor(message, visit, principal, request.ip);
      if (scopes !== undefined) throw request.admission.lackingScopes(scopes);
      const budget = this.budgetOf(request);
      const openStream = (): SseStream => this.openStream(visit, response, budget);
      const outlet = new PostExchange(response, this.options, budget, { accepted, openStream });
      const exchange = { peer: visit, principal, address: request.ip, outlet, hold };
      endCalls = this.limiter.begin([message], principal, request.ip, visit);
      const reply = await this.protocol.handle(message, exchange);
      if (reply === undefined && !outlet.hasBegun) await refuseUnanswered(request, response);
      else outlet.finish(reply === undefined ? [] : [reply], false, statusOf(reply));
    } finally {
      endCalls?.();
      response.off('close', gone);
      this.sessions.leave(visit);
    }
  }

  private assertParams({ params }: JsonRpcRequest, visit: Visit, request: AuthenticatedRequest): void {
    const tool = this.tools.list.get(String(params['name']));
    if (tool === undefined || tool.paramHeaders.length === 0) return;
    // Of a tool that is not for this caller nothing is told, nor which headers it would want.
    if (tool.access.verdict(visit.principal.scopes) === 'hidden') return;
    assertParamsMirrored(request, params['arguments'], tool.paramHeaders);
  }

  private budgetOf({ auth }: AuthenticatedRequest): UserBudget {
    return this.budgets.of(userKeyOf(principalOf(auth)));
  }

  private openStream(visit: Visit, response: ServerResponse, budget: UserBudget): SseStream {
    const onEnd = (reason: SessionEnd): void => this.sessions.close(visit, reason);
    const stream = new SseStream(response, this.options, onEnd, {}, budget);
    visit.streams.add(stream);
    return stream;
  }
}

/** Answers to what the server asks come in the request that is sent again. */
function unwantedResponse(): RequestRefused {
  return new RequestRefused(
    HttpStatus.BAD_REQUEST,
    'malformed_message',
    'This protocol version has no responses of the client’s: send a request or a notification',
  );
}

function statusOf(reply: Reply | undefined): HttpStatus {
  return (reply?.error !== undefined && STATUSES[reply.error]) || HttpStatus.OK;
}
