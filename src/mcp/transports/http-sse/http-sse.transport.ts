import { HttpStatus, Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestAuthorization } from '../../authorization/request-authorization.js';
import { Gate } from '../../gate/gate.js';
import { PostForwarding } from '../../gate/post.forwarding.js';
import { InFlightBudgets } from '../../limits/in-flight.budgets.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../../mcp.options.js';
import { refusalOf } from '../../messages/incoming-messages.js';
import { batchesUnsupported, missingSession, unknownSession } from '../../messages/refused.error.js';
import type { SessionEnd } from '../../sessions/peer.js';
import { SessionService } from '../../sessions/session.service.js';
import { assertNoBody } from '../message-body.js';
import { MessageReader } from '../message.reader.js';
import {
  ALLOWED,
  assertAcceptsStream,
  authorizationOf,
  type ProtocolRequest,
  refuseHead,
} from '../protocol-request.js';
import { releaseRequest } from '../released-request.js';
import { SseStream } from '../sse.stream.js';

const ACCEPTED_TEXT = 'Accepted';
const ACCEPTED = {
  'Content-Type': 'text/plain; charset=utf-8',
  'Content-Length': ACCEPTED_TEXT.length,
  'Cache-Control': 'no-store',
};

const ONE_SESSION =
  'The sessionId query parameter is required, once: the stream’s endpoint event gives the address to post to';

/** HTTP with server-sent events: one stream per session, messages by POST. MCP 2024-11-05, Transports. */
@Injectable()
export class HttpSseTransport {
  constructor(
    private readonly sessions: SessionService,
    private readonly reader: MessageReader,
    private readonly gate: Gate,
    private readonly forwarding: PostForwarding,
    private readonly budgets: InFlightBudgets,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /** Opens a session on this response, and sends the client the URL to post its messages to. */
  async open(request: IncomingMessage, response: ServerResponse): Promise<void> {
    refuseHead(request, response, ALLOWED.sse);
    assertNoBody(request);
    assertAcceptsStream(request);
    const authorization = authorizationOf(request);
    const { principal } = authorization;
    const session = await this.sessions.openFor(authorization, 'http-sse');
    // The connection closes with the stream: without chunks each event is one write instead of four. RFC 9112, section
    // 6.3.
    response.useChunkedEncodingByDefault = false;
    const onEnd = (reason: SessionEnd): void => this.sessions.close(session, reason);
    const stream = new SseStream(response, this.options, onEnd, {}, this.budgets.of(principal.userKey));
    session.carry(stream, principal);
    session.attach(stream);
    this.sessions.opened(session);
    stream.event('endpoint', `${this.options.basePath}/message?sessionId=${session.id}`);
    releaseRequest(response);
  }

  /** Accepts one message for a session with 202; the reply is sent on the stream. */
  async receive(request: ProtocolRequest, response: ServerResponse): Promise<void> {
    const sessionId = sessionIdIn(request.url ?? '');
    if (sessionId === undefined) throw missingSession(ONE_SESSION);
    const authorization = authorizationOf(request);
    const { principal } = authorization;
    const named = this.sessions.find(sessionId, principal, 'http-sse');
    if (named === undefined) return this.forward(sessionId, request, response, authorization);
    const incoming = await this.reader.read(request, principal);
    try {
      if (incoming.batched) throw refusalOf(incoming, batchesUnsupported());
      const [reply] = await this.gate.accept(incoming, {
        authorization,
        address: request.ip,
        hold: incoming.hold,
        body: incoming.body,
        named,
        peer: () => {
          // The stream may have ended meanwhile.
          if (named.hasLeft) throw unknownSession();
          return named;
        },
        accepted: () => {
          response.writeHead(HttpStatus.ACCEPTED, ACCEPTED).end(ACCEPTED_TEXT);
          return named;
        },
      });
      if (reply !== undefined) named.send(reply.text);
    } finally {
      incoming.hold.release();
    }
  }

  /**
   * This node does not have the stream: responds with 202 only when the node of the stream has accepted the message.
   */
  private async forward(
    session: string,
    request: ProtocolRequest,
    response: ServerResponse,
    authorization: RequestAuthorization,
  ): Promise<void> {
    const { principal } = authorization;
    const node = await this.forwarding.nodeOf(session, principal);
    const incoming = await this.reader.read(request, principal);
    try {
      if (incoming.batched) throw refusalOf(incoming, batchesUnsupported());
      await this.forwarding.forward(node, { session, authorization, address: request.ip, incoming });
      response.writeHead(HttpStatus.ACCEPTED, ACCEPTED).end(ACCEPTED_TEXT);
    } finally {
      incoming.hold.release();
    }
  }
}

/** The `sessionId` of a request target. Undefined where it is missing, empty or repeated. */
function sessionIdIn(target: string): string | undefined {
  const query = target.slice(target.indexOf('?') + 1);
  const plain = /^sessionId=([\w-]+)$/.exec(query)?.[1];
  if (plain !== undefined) return plain;
  const ids = new URLSearchParams(query).getAll('sessionId');
  return ids.length === 1 && ids[0] !== '' ? ids[0] : undefined;
}
