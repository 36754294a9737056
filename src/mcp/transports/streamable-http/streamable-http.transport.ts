import { HttpStatus, Inject, Injectable } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { CallLimiter } from '../../invocation/call.limiter.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../../mcp.options.js';
import type { JsonRpcMessage } from '../../protocol/json-rpc.js';
import { ProtocolService } from '../../protocol/protocol.service.js';
import { type Principal, principalOf } from '../../sessions/principal.js';
import { batchesUnsupported, RequestRefused, shuttingDown } from '../../sessions/request-refused.js';
import type { Session } from '../../sessions/session.js';
import { SessionService } from '../../sessions/session.service.js';
import { type AuthenticatedRequest, refuseHead } from '../authenticated-request.js';
import { assertNewRequest, readMessages } from '../incoming-messages.js';
import { openSession } from '../open-session.js';
import { SseStream } from '../sse.stream.js';
import { assertAccepts, assertProtocolVersion, sessionIdOf } from './mcp-headers.js';
import { PostExchange } from './post.exchange.js';
import type { ResumableStream } from './resumable.stream.js';
import { SessionStreams } from './session.streams.js';

const TRANSPORT = 'streamable-http';
/** From this revision on a stream begins with an event that gives the client a number to come back with. */
const PRIMED_SINCE = '2025-11-25';

/** Streamable HTTP with sessions: MCP 2025-03-26 to 2025-11-25, Transports. */
@Injectable()
export class StreamableHttpTransport {
  constructor(
    private readonly sessions: SessionService,
    private readonly protocol: ProtocolService,
    private readonly streams: SessionStreams,
    private readonly limiter: CallLimiter,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /** `POST`: takes a message and answers it, or, at initialize, opens a session. */
  async post(request: AuthenticatedRequest, response: ServerResponse): Promise<void> {
    assertAccepts(request, 'application/json', 'text/event-stream');
    assertProtocolVersion(request);
    const principal = principalOf(request.auth);
    const named = request.headers['mcp-session-id'] === undefined ? undefined : sessionIdOf(request);
    // Somebody else's session is told from one's own before a body is read for it.
    if (named !== undefined) this.sessions.find(named, principal, TRANSPORT);
    const { messages, batched } = await readMessages(request, this.options.maxBodyBytes);
    await this.limiter.admit(messages, principal);
    // The token may have been revoked while the body was on its way.
    await request.reauthorize?.();
    const session = await this.sessionFor(messages, batched, named, request, principal);
    if (batched && session.protocolVersion !== '2025-03-26') throw batchesUnsupported();
    for (const message of messages) assertNewRequest(message, session, this.sessions.isDraining);
    session.show(principal);
    await this.answer(messages, batched, session, principal, response);
  }

  /** `GET`: the stream of messages that belong to no request, or the rest of one that broke off. */
  async listen(request: AuthenticatedRequest, response: ServerResponse): Promise<void> {
    refuseHead(request);
    assertAccepts(request, 'text/event-stream');
    assertProtocolVersion(request);
    if (this.sessions.isDraining) throw shuttingDown();
    const principal = principalOf(request.auth);
    const session = this.sessions.find(sessionIdOf(request), principal, TRANSPORT);
    session.show(principal);
    const lastEventId = request.headers['last-event-id'];
    if (lastEventId !== undefined) return this.resume(session, String(lastEventId), response);
    const stream = this.streams.standing(session);
    session.attach(stream);
    stream.connect(this.connection(session, stream, response), session.protocolVersion >= PRIMED_SINCE);
    // There may be nothing to send for a while, and the client waits to hear that it is connected.
    response.flushHeaders();
  }

  /** `DELETE`: ends the session. */
  end(request: AuthenticatedRequest, response: ServerResponse): void {
    assertProtocolVersion(request);
    const session = this.sessions.find(sessionIdOf(request), principalOf(request.auth), TRANSPORT);
    this.sessions.close(session, 'deleted');
    response.writeHead(HttpStatus.NO_CONTENT).end();
  }

  private async sessionFor(
    messages: readonly JsonRpcMessage[],
    batched: boolean,
    named: string | undefined,
    request: AuthenticatedRequest,
    principal: Principal,
  ): Promise<Session> {
    const [first] = messages;
    const initializes = !batched && first?.kind === 'request' && first.method === 'initialize';
    if (named === undefined && initializes) return openSession(this.sessions, request, TRANSPORT);
    // It may have ended meanwhile.
    return this.sessions.find(named ?? sessionIdOf(request), principal, TRANSPORT);
  }

  private async answer(
    messages: readonly JsonRpcMessage[],
    batched: boolean,
    session: Session,
    principal: Principal,
    response: ServerResponse,
  ): Promise<void> {
    const isNew = !session.initialized;
    const exchange = new PostExchange(response, () => this.replyStream(session, response));
    const replies = await Promise.all(
      messages.map((message) => this.protocol.handle(message, { session, principal, outlet: exchange })),
    );
    const opened = isNew && session.initialized;
    exchange.finish(
      replies.filter((reply) => reply !== undefined),
      batched,
      opened ? { 'Mcp-Session-Id': session.id } : {},
    );
    this.streams.forgetFinished(session);
    // An initialize that was refused has opened nothing.
    if (!session.initialized) this.sessions.close(session, 'closed_by_server');
  }

  private replyStream(session: Session, response: ServerResponse): ResumableStream {
    const stream = this.streams.forReply(session);
    session.streams.add(stream);
    stream.connect(this.connection(session, stream, response), session.protocolVersion >= PRIMED_SINCE);
    return stream;
  }

  private async resume(session: Session, lastEventId: string, response: ServerResponse): Promise<void> {
    const stream = this.streams.sentOn(session, lastEventId);
    if (!(await stream.resume(lastEventId, () => this.connection(session, stream, response))))
      throw unknownEvent();
    if (stream.isFinished) return;
    session.streams.add(stream);
    response.flushHeaders();
  }

  private connection(session: Session, stream: ResumableStream, response: ServerResponse): SseStream {
    const connection: SseStream = new SseStream(response, this.options, (reason) => {
      if (reason === 'slow_client') connection.end(reason);
      // A newer connection may have taken the stream over.
      if (stream.disconnect(connection)) session.detach(stream);
    });
    return connection;
  }
}

function unknownEvent(): RequestRefused {
  return new RequestRefused(
    HttpStatus.BAD_REQUEST,
    'unknown_event',
    'The event named by Last-Event-ID is not there any more: open the stream without it',
  );
}
