import { HttpStatus, Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../../authorization/principal.js';
import type { RequestAuthorization } from '../../authorization/request-authorization.js';
import { Gate } from '../../gate/gate.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../../mcp.options.js';
import { encodeMalformed, type IncomingMessages } from '../../messages/incoming-messages.js';
import { shuttingDown, unknownSession } from '../../messages/refused.error.js';
import type { RequestId } from '../../messages/sdk-types.js';
import type { Reply } from '../../protocol/message.dispatcher.js';
import type { Session } from '../../sessions/session.js';
import { SessionService } from '../../sessions/session.service.js';
import {
  ALLOWED,
  assertAcceptsStream,
  assertProtocolVersion,
  type McpHeaders,
  mcpHeaders,
  refuseHead,
  refuseUnanswered,
  sessionIdOf,
} from '../protocol-request.js';
import { type McpPost, PostResponse } from './post.response.js';
import { endWith204, SessionConnections } from './session.connections.js';
import { isPrimed, SessionStreams } from './session.streams.js';

const TRANSPORT = 'streamable-http';

/** Streamable HTTP with sessions: MCP 2025-03-26 to 2025-11-25, Transports. */
@Injectable()
export class SessionTransport {
  constructor(
    private readonly sessions: SessionService,
    private readonly gate: Gate,
    private readonly streams: SessionStreams,
    private readonly connections: SessionConnections,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /**
   * The session that a request names, as of `now`; refuses another caller's. A promise only where its record must be
   * read.
   */
  named(
    request: IncomingMessage,
    { session: id }: McpHeaders,
    principal: Principal,
    now?: number,
  ): Session | Promise<Session> {
    return this.sessions.current(id!, principal, TRANSPORT, now) ?? this.ownSession(request, principal);
  }

  /** `POST`: processes messages of a session, or opens one at initialize. */
  async post(named: Session | undefined, post: McpPost): Promise<void> {
    const { incoming, authorization, headers, request } = post;
    if (named !== undefined && headers.version !== named.protocolVersion) assertProtocolVersion(headers);
    const { principal } = authorization;
    let session = named;
    let answer: PostResponse | undefined;
    const find = async (): Promise<Session> => (session = await this.findOrOpen(named === undefined, post));
    try {
      const replies = await this.gate.accept(incoming, {
        authorization,
        address: request.ip,
        hold: incoming.hold,
        body: incoming.body,
        named,
        // This node may have ended the session meanwhile, or dropped it as idle here: its record tells.
        peer: () => (named === undefined || named.hasLeft ? find() : named),
        accepted: () => {
          const { accepted, response } = post;
          return (answer = new PostResponse(response, this.options, incoming.hold, {
            accepted,
            openStream: (extra) =>
              this.connections.openReply(session!, requestIdsIn(incoming), response, principal, extra),
            otherStream: session,
            isPolled: () => isPrimed(session!),
          }));
        },
      });
      await this.finish(replies, session!, named === undefined, answer!, post);
    } finally {
      // A refused initialize opens no session.
      if (named === undefined && session?.initialized === false) {
        this.sessions.close(session, 'closed_by_server');
      }
    }
  }

  private async finish(
    answered: readonly Reply[],
    session: Session,
    isNew: boolean,
    answer: PostResponse,
    { incoming, authorization, response }: McpPost,
  ): Promise<void> {
    const { batched, malformed, messages } = incoming;
    const replies = batched ? [...answered, ...malformed.map(replyTo)] : answered;
    if (replies.length === 0 && !answer.hasBegun && messages.some(({ kind }) => kind === 'request')) {
      // This request's token may have been revoked while the session continues with a newer one.
      if (!response.destroyed) await authorization.reauthorize();
      if (!this.sessions.holds(session)) return refuseUnanswered(authorization, response);
    }
    // The next request may reach another node, which needs the negotiated state.
    if (session.isUnsaved) await this.sessions.save(session);
    const opened = isNew && session.initialized;
    answer.finish(replies, batched, HttpStatus.OK, opened ? { 'Mcp-Session-Id': session.id } : undefined);
    if (answer.hasBegun) this.streams.forgetFinished(session);
    if (opened) this.sessions.opened(session);
    if (session.initialized) this.sessions.renew(session);
  }

  /** `GET`: the standalone stream, or the rest of a broken stream. */
  async listen(
    request: IncomingMessage,
    response: ServerResponse,
    authorization: RequestAuthorization,
  ): Promise<void> {
    refuseHead(request, response, ALLOWED.mcp);
    assertAcceptsStream(request);
    assertProtocolVersion(mcpHeaders(request));
    if (this.sessions.isDraining) throw shuttingDown();
    const { principal } = authorization;
    const session = await this.currentSession(request, authorization);
    session.refreshToken(principal);
    if (session.isUnsaved) {
      await this.sessions.save(session);
      if (session.hasLeft) throw unknownSession();
    }
    const eventId = String(request.headers['last-event-id'] ?? '');
    await this.connections.listen(session, eventId, response, principal);
  }

  /** `DELETE`: ends the session. */
  async end(request: IncomingMessage, response: ServerResponse, principal: Principal): Promise<void> {
    assertProtocolVersion(mcpHeaders(request));
    this.sessions.close(await this.ownSession(request, principal), 'deleted');
    endWith204(response);
  }

  private ownSession(request: IncomingMessage, principal: Principal): Promise<Session> {
    return this.sessions.load(sessionIdOf(request), principal, TRANSPORT);
  }

  /** Opens a session for a request that names none: only `initialize` may. */
  private findOrOpen(isNew: boolean, { incoming, authorization, request }: McpPost): Promise<Session> {
    const [first] = incoming.messages;
    const initializes = !incoming.batched && first?.kind === 'request' && first.method === 'initialize';
    return isNew && initializes
      ? this.sessions.openFor(authorization, TRANSPORT)
      : this.ownSession(request, authorization.principal);
  }

  /** The caller's session. Rejects if the token is not valid any more: both may have changed while waiting. */
  private async currentSession(
    request: IncomingMessage,
    authorization: RequestAuthorization,
  ): Promise<Session> {
    const { principal } = authorization;
    const session = await this.ownSession(request, principal);
    await authorization.reauthorize();
    return this.sessions.get(session.id) === session ? session : this.ownSession(request, principal);
  }
}

function requestIdsIn({ messages }: IncomingMessages): RequestId[] {
  return messages.flatMap((message) => (message.kind === 'request' ? [message.id] : []));
}

function replyTo(malformed: IncomingMessages['malformed'][number]): Reply {
  return { text: encodeMalformed(malformed) };
}
