import { HttpStatus, Inject, Injectable } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { CallLimiter } from '../../protocol/call.limiter.js';
import { InFlightBudgets } from '../../limits/in-flight.budgets.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../../mcp.options.js';
import type { JsonRpcMessage } from '../../messages/json-rpc.js';
import { ProtocolService } from '../../protocol/protocol.service.js';
import type { SessionEnd } from '../../sessions/peer.js';
import { principalOf, userKeyOf } from '../../sessions/principal.js';
import { batchesUnsupported, missingSession } from '../../sessions/request-refused.js';
import { SessionService } from '../../sessions/session.service.js';
import type { AuthenticatedRequest } from '../authenticated-request.js';
import { assertAcceptsStream } from '../accepted-types.js';
import { ALLOWED, refuseHead } from '../refused-method.js';
import { assertNewRequest, refusalOf } from '../incoming-messages.js';
import { MessageIntake, type TakenMessages } from '../message.intake.js';
import { openSession } from '../open-session.js';
import { SseStream } from '../sse.stream.js';
import { assertNoBody } from '../message-body.js';

const ACCEPTED = {
  'Content-Type': 'text/plain; charset=utf-8',
  'Content-Length': '8',
  'Cache-Control': 'no-store',
};

const ONE_SESSION =
  'The sessionId query parameter is required, once: the stream’s endpoint event gives the address to post to';

/** HTTP with server-sent events: one stream per session, messages by POST. MCP 2024-11-05, Transports. */
@Injectable()
export class HttpSseTransport {
  constructor(
    private readonly sessions: SessionService,
    private readonly protocol: ProtocolService,
    private readonly intake: MessageIntake,
    private readonly limiter: CallLimiter,
    private readonly budgets: InFlightBudgets,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /** Opens a session on this response, and tells the client where to post its messages. */
  async open(request: AuthenticatedRequest, response: ServerResponse): Promise<void> {
    refuseHead(request, response, ALLOWED.sse);
    assertNoBody(request);
    assertAcceptsStream(request);
    const session = await openSession(this.sessions, request, 'http-sse');
    // The stream ends with its connection: without chunks each event is one write rather than four.
    // RFC 9112, section 6.3.
    response.useChunkedEncodingByDefault = false;
    const principal = principalOf(request.auth);
    const onEnd = (reason: SessionEnd): void => this.sessions.close(session, reason);
    const stream = new SseStream(response, this.options, onEnd, {}, this.budgets.of(userKeyOf(principal)));
    session.carry(stream, principal);
    session.attach(stream);
    this.sessions.opened(session);
    stream.event('endpoint', `${this.options.basePath}/message?sessionId=${session.id}`);
  }

  /** Takes one message for a session: 202 once it is accepted, the reply comes on the stream. */
  async receive(request: AuthenticatedRequest, response: ServerResponse): Promise<void> {
    const sessionId = sessionIdIn(request.url ?? '');
    if (sessionId === undefined) throw missingSession(ONE_SESSION);
    this.sessions.find(sessionId, principalOf(request.auth), 'http-sse');
    const incoming = await this.intake.take(request);
    try {
      if (incoming.batched) throw batchesUnsupported();
      await this.take(incoming, sessionId, request, response);
    } catch (error) {
      throw refusalOf(incoming, error);
    } finally {
      incoming.hold.release();
    }
  }

  private async take(
    { messages, hold }: TakenMessages,
    sessionId: string,
    request: AuthenticatedRequest,
    response: ServerResponse,
  ): Promise<void> {
    const [message] = messages as [JsonRpcMessage];
    const principal = principalOf(request.auth);
    // The token may have been revoked and the session may have ended while the body was on its way.
    await request.admission.reauthorize();
    const session = this.sessions.find(sessionId, principal, 'http-sse');
    assertNewRequest(message, session, this.sessions.isDraining);
    const scopes = this.protocol.scopesToAskFor(message, session, principal, request.ip);
    if (scopes !== undefined) throw request.admission.lackingScopes(scopes);
    const endCalls = this.limiter.begin(messages, principal, request.ip, session);
    try {
      session.show(principal);
      response.writeHead(HttpStatus.ACCEPTED, ACCEPTED).end('Accepted');
      const exchange = { peer: session, principal, address: request.ip, outlet: session, hold };
      const reply = await this.protocol.handle(message, exchange);
      if (reply !== undefined) session.send(reply.text);
    } finally {
      endCalls();
    }
  }
}

/** The `sessionId` of a request target. Undefined where it is missing, empty or given twice. */
function sessionIdIn(target: string): string | undefined {
  const query = target.slice(target.indexOf('?') + 1);
  const plain = /^sessionId=([\w-]+)$/.exec(query)?.[1];
  if (plain !== undefined) return plain;
  const ids = new URLSearchParams(query).getAll('sessionId');
  return ids.length === 1 && ids[0] !== '' ? ids[0] : undefined;
}
