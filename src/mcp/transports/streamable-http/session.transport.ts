import { HttpStatus, Inject, Injectable } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { InFlightBudgets } from '../../limits/in-flight.budgets.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../../mcp.options.js';
import { ChangeAnnouncer } from '../../protocol/change.announcer.js';
import { CallLimiter } from '../../protocol/call.limiter.js';
import type { JsonRpcMessage } from '../../messages/json-rpc.js';
import { ProtocolService, type Reply } from '../../protocol/protocol.service.js';
import { principalOf, userKeyOf } from '../../sessions/principal.js';
import {
  batchesUnsupported,
  shuttingDown,
  unknownEvent,
  unknownSession,
} from '../../sessions/request-refused.js';
import type { SessionEnd } from '../../sessions/peer.js';
import type { Session } from '../../sessions/session.js';
import { SessionService } from '../../sessions/session.service.js';
import type { AuthenticatedRequest } from '../authenticated-request.js';
import { type AcceptedTypes, assertAcceptsStream } from '../accepted-types.js';
import { ALLOWED, refuseHead } from '../refused-method.js';
import { assertNewRequest, encodeMalformed } from '../incoming-messages.js';
import type { TakenMessages } from '../message.intake.js';
import { openSession } from '../open-session.js';
import { SseStream } from '../sse.stream.js';
import { refuseUnanswered } from '../unanswered.js';
import { assertProtocolVersion, namesSession, sessionIdOf } from './mcp-headers.js';
import { PostExchange } from './post.exchange.js';
import type { ResumableStream, Resumption } from './resumable.stream.js';
import { isPrimed, SessionStreams } from './session.streams.js';

const TRANSPORT = 'streamable-http';

/** Streamable HTTP with sessions: MCP 2025-03-26 to 2025-11-25, Transports. */
@Injectable()
export class SessionTransport {
  constructor(
    private readonly sessions: SessionService,
    private readonly protocol: ProtocolService,
    private readonly limiter: CallLimiter,
    private readonly streams: SessionStreams,
    private readonly announcer: ChangeAnnouncer,
    private readonly budgets: InFlightBudgets,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /** The session that the request names, if it names one; refuses one that is not the caller's. */
  namedSession(request: AuthenticatedRequest): Promise<Session> | undefined {
    return namesSession(request) ? this.ownSession(request) : undefined;
  }

  /** `POST`: answers messages of a session, or opens one at initialize. */
  async post(
    incoming: TakenMessages,
    named: Session | undefined,
    accepted: AcceptedTypes,
    request: AuthenticatedRequest,
    response: ServerResponse,
  ): Promise<void> {
    if (named !== undefined) assertProtocolVersion(request);
    const session = named ?? (await this.openFor(incoming.messages, incoming.batched, request));
    try {
      await this.take(incoming, session, accepted, request, response);
    } catch (error) {
      // An initialize that was refused has opened nothing.
      if (named === undefined) this.sessions.close(session, 'closed_by_server');
      throw error;
    }
  }

  private async take(
    incoming: TakenMessages,
    session: Session,
    accepted: AcceptedTypes,
    request: AuthenticatedRequest,
    response: ServerResponse,
  ): Promise<void> {
    const { messages, batched } = incoming;
    const principal = principalOf(request.auth);
    // The token may have been revoked and the session may have ended while the body was on its way.
    await request.admission.reauthorize();
    this.sessions.find(session.id, principal, TRANSPORT);
    if (batched && session.protocolVersion !== '2025-03-26') throw batchesUnsupported();
    for (const message of messages) {
      assertNewRequest(message, session, this.sessions.isDraining);
      const scopes = this.protocol.scopesToAskFor(message, session, principal, request.ip);
      if (scopes !== undefined) throw request.admission.lackingScopes(scopes);
    }
    const endCalls = this.limiter.begin(messages, principal, request.ip, session);
    try {
      session.show(principal);
      await this.answer(incoming, session, accepted, request, response);
    } finally {
      endCalls();
    }
  }

  /** `GET`: the stream of messages that belong to no request, or the rest of one that broke off. */
  async listen(request: AuthenticatedRequest, response: ServerResponse): Promise<void> {
    refuseHead(request, response, ALLOWED.mcp);
    assertAcceptsStream(request);
    assertProtocolVersion(request);
    if (this.sessions.isDraining) throw shuttingDown();
    const session = await this.currentSession(request);
    session.show(principalOf(request.auth));
    const eventId = String(request.headers['last-event-id'] ?? '');
    if (eventId === '') return this.openStandalone(session, response);
    const resumption = await this.resume(session, eventId, response);
    if (resumption === 'resumed') return;
    if (resumption === 'nothing_left') return endWith204(response);
    if (!this.streams.isStandaloneEvent(eventId)) throw unknownEvent();
    this.sessions.find(session.id, principalOf(request.auth), TRANSPORT);
    // What it has missed is gone, and clients do not ask again without the id: they would hear nothing any more.
    this.openStandalone(session, response);
    this.announcer.announceAll(session);
  }

  /** `DELETE`: ends the session. */
  async end(request: AuthenticatedRequest, response: ServerResponse): Promise<void> {
    assertProtocolVersion(request);
    this.sessions.close(await this.ownSession(request), 'deleted');
    endWith204(response);
  }

  private ownSession(request: AuthenticatedRequest): Promise<Session> {
    return this.sessions.load(sessionIdOf(request), principalOf(request.auth), TRANSPORT);
  }

  /** A session for a request that names none: only `initialize` gets one. */
  private openFor(
    messages: readonly JsonRpcMessage[],
    batched: boolean,
    request: AuthenticatedRequest,
  ): Promise<Session> {
    const [first] = messages;
    const initializes = !batched && first?.kind === 'request' && first.method === 'initialize';
    return initializes ? openSession(this.sessions, request, TRANSPORT) : this.ownSession(request);
  }

  /** The caller's own, where its token is still good: much may have happened while something was waited for. */
  private async currentSession(request: AuthenticatedRequest): Promise<Session> {
    const { id } = await this.ownSession(request);
    await request.admission.reauthorize();
    return this.sessions.find(id, principalOf(request.auth), TRANSPORT);
  }

  private async answer(
    { messages, malformed, batched, hold: all }: TakenMessages,
    session: Session,
    accepted: AcceptedTypes,
    request: AuthenticatedRequest,
    response: ServerResponse,
  ): Promise<void> {
    const principal = principalOf(request.auth);
    const address = request.ip;
    const isNew = !session.initialized;
    const hold = batched ? undefined : all;
    const budget = this.budgets.of(userKeyOf(principal));
    const exchange = new PostExchange(response, this.options, budget, {
      accepted,
      openStream: (headers) => this.replyStream(session, response, headers),
      otherStream: session,
      isPolled: isPrimed(session),
    });
    const answers: (Reply | undefined)[] = await Promise.all(
      messages.map((message) =>
        this.protocol.handle(message, { peer: session, principal, address, outlet: exchange, hold }),
      ),
    );
    for (const message of malformed) answers.push({ text: encodeMalformed(message) });
    const replies = answers.filter((reply) => reply !== undefined);
    if (replies.length === 0 && !exchange.hasBegun && messages.some(({ kind }) => kind === 'request')) {
      // Its own token may have been revoked, and the session live on by a newer one.
      if (!response.destroyed) await request.admission.reauthorize();
      if (!this.sessions.holds(session)) return refuseUnanswered(request, response);
    }
    // Whichever node takes the next request has to know what this one has agreed on.
    if (session.isRevised) await this.sessions.save(session);
    const opened = isNew && session.initialized;
    exchange.finish(replies, batched, HttpStatus.OK, opened ? { 'Mcp-Session-Id': session.id } : {});
    this.streams.forgetFinished(session);
    // An initialize that was refused has opened nothing.
    if (session.initialized) this.sessions.renew(session);
    else this.sessions.close(session, 'closed_by_server');
  }

  private replyStream(
    session: Session,
    response: ServerResponse,
    headers?: Readonly<Record<string, string>>,
  ): ResumableStream {
    const stream = this.streams.forReply(session);
    session.streams.add(stream);
    stream.open(this.connection(session, stream, response, headers));
    return stream;
  }

  private openStandalone(session: Session, response: ServerResponse): void {
    const stream = this.streams.forMessages(session);
    stream.open(this.connection(session, stream, response));
    this.streams.joined(session, stream);
    // There may be nothing to send for a while, and the client waits to hear that it is connected.
    response.flushHeaders();
  }

  private async resume(session: Session, lastEventId: string, response: ServerResponse): Promise<Resumption> {
    const stream = this.streams.sentOn(session, lastEventId);
    // The session may end whenever the log is read, and nobody would end this connection after that.
    const open = (): SseStream => {
      if (!this.sessions.holds(session)) throw unknownSession();
      return this.connection(session, stream, response);
    };
    const resumption = await stream.resume(lastEventId, open);
    if (resumption !== 'resumed') return resumption;
    if (!this.sessions.holds(session)) stream.end('closed_by_server');
    else if (stream.isConnected && !response.destroyed) {
      this.streams.joined(session, stream);
      response.flushHeaders();
    }
    return resumption;
  }

  private connection(
    session: Session,
    stream: ResumableStream,
    response: ServerResponse,
    headers?: Readonly<Record<string, string>>,
  ): SseStream {
    const onEnd = (reason: SessionEnd): void => {
      if (reason === 'slow_client' || reason === 'over_budget') connection.end(reason);
      session.drop(connection);
      // A newer connection may have taken the stream over.
      if (stream.disconnect(connection)) this.streams.left(session, stream);
    };
    const principal = principalOf((response.req as AuthenticatedRequest).auth);
    const budget = this.budgets.of(userKeyOf(principal));
    const connection: SseStream = new SseStream(response, this.options, onEnd, headers, budget);
    session.carry(connection, principal);
    return connection;
  }
}

function endWith204(response: ServerResponse): void {
  response.writeHead(HttpStatus.NO_CONTENT, { 'Cache-Control': 'no-store' }).end();
}
