import { HttpStatus, Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../../authorization/principal.js';
import type { RequestAuthorization } from '../../authorization/request-authorization.js';
import { Gate } from '../../gate/gate.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../../mcp.options.js';
import { encodeMalformed, type IncomingMessages } from '../../messages/incoming-messages.js';
import { shuttingDown } from '../../messages/refused.error.js';
import type { RequestId } from '../../messages/sdk-types.js';
import type { Reply } from '../../protocol/message.dispatcher.js';
import type { Session } from '../../sessions/session.js';
import { SessionService } from '../../sessions/session.service.js';
import { assertAcceptsStream } from '../accepted-types.js';
import { addressOf, ALLOWED, refuseHead, refuseUnanswered } from '../protocol-request.js';
import { assertProtocolVersion, namesSession, sessionIdOf } from './mcp-headers.js';
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

  /** The session that the request names, if any; refuses another caller's. */
  namedSession(request: IncomingMessage, principal: Principal): Promise<Session> | undefined {
    return namesSession(request) ? this.ownSession(request, principal) : undefined;
  }

  /** `POST`: processes messages of a session, or opens one at initialize. */
  async post(named: Session | undefined, post: McpPost): Promise<void> {
    const { incoming, authorization, request, response } = post;
    if (named !== undefined) assertProtocolVersion(request);
    const { principal } = authorization;
    let session = named;
    let answer: PostResponse | undefined;
    const opened = async (): Promise<Session> =>
      (session = await this.openFor(incoming, authorization, request));
    const found = async (): Promise<Session> => (session = await this.ownSession(request, principal));
    try {
      const replies = await this.gate.accept(incoming, {
        authorization,
        address: addressOf(request),
        hold: incoming.hold,
        body: incoming.body,
        named,
        peer: () => {
          if (named === undefined) return opened();
          // This node may have ended the session meanwhile, or dropped it as idle here: its record tells.
          return this.sessions.get(named.id) === named ? named : found();
        },
        accepted: () => (answer = this.answerTo(session!, post)),
      });
      const all = incoming.batched ? [...replies, ...incoming.malformed.map(replyTo)] : replies;
      if (all.length === 0 && !answer!.hasBegun && incoming.messages.some(({ kind }) => kind === 'request')) {
        // This request's token may have been revoked while the session continues with a newer one.
        if (!response.destroyed) await authorization.reauthorize();
        if (!this.sessions.holds(session!)) return await refuseUnanswered(authorization, response);
      }
      await this.finish(all, session!, named === undefined, incoming.batched, answer!);
    } finally {
      // A refused initialize opens no session.
      if (named === undefined && session?.initialized === false) {
        this.sessions.close(session, 'closed_by_server');
      }
    }
  }

  private answerTo(
    session: Session,
    { accepted, authorization: { principal }, incoming, response }: McpPost,
  ): PostResponse {
    return new PostResponse(response, this.options, incoming.hold, {
      accepted,
      openStream: (headers) =>
        this.connections.openReply(session, requestIdsIn(incoming), response, principal, headers),
      otherStream: session,
      isPolled: isPrimed(session),
    });
  }

  private async finish(
    replies: readonly Reply[],
    session: Session,
    isNew: boolean,
    batched: boolean,
    answer: PostResponse,
  ): Promise<void> {
    // The next request may reach another node, which needs the negotiated state.
    if (session.isUnsaved) await this.sessions.save(session);
    const opened = isNew && session.initialized;
    answer.finish(replies, batched, HttpStatus.OK, opened ? { 'Mcp-Session-Id': session.id } : {});
    this.streams.forgetFinished(session);
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
    assertProtocolVersion(request);
    if (this.sessions.isDraining) throw shuttingDown();
    const { principal } = authorization;
    const session = await this.currentSession(request, authorization);
    session.refreshToken(principal);
    if (session.isUnsaved) {
      await this.sessions.save(session);
      this.sessions.find(session.id, principal, TRANSPORT);
    }
    const eventId = String(request.headers['last-event-id'] ?? '');
    await this.connections.listen(session, eventId, response, principal);
  }

  /** `DELETE`: ends the session. */
  async end(request: IncomingMessage, response: ServerResponse, principal: Principal): Promise<void> {
    assertProtocolVersion(request);
    this.sessions.close(await this.ownSession(request, principal), 'deleted');
    endWith204(response);
  }

  private ownSession(request: IncomingMessage, principal: Principal): Promise<Session> {
    return this.sessions.load(sessionIdOf(request), principal, TRANSPORT);
  }

  /** Opens a session for a request that names none: only `initialize` may. */
  private openFor(
    { messages, batched }: IncomingMessages,
    authorization: RequestAuthorization,
    request: IncomingMessage,
  ): Promise<Session> {
    const [first] = messages;
    const initializes = !batched && first?.kind === 'request' && first.method === 'initialize';
    return initializes
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
