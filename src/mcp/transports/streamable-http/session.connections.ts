import { HttpStatus, Inject, Injectable } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { Principal } from '../../authorization/principal.js';
import { InFlightBudgets } from '../../limits/in-flight.budgets.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../../mcp.options.js';
import { RefusedError, unknownSession } from '../../messages/refused.error.js';
import { ChangeAnnouncer } from '../../protocol/change.announcer.js';
import type { RequestId } from '../../messages/sdk-types.js';
import type { SessionEnd } from '../../sessions/peer.js';
import type { Session } from '../../sessions/session.js';
import { SessionService } from '../../sessions/session.service.js';
import { releaseRequest } from '../released-request.js';
import { SseStream } from '../sse.stream.js';
import type { ResumableStream, Resumption } from './resumable.stream.js';
import { SessionStreams } from './session.streams.js';
import { StandaloneCarriage } from './standalone.carriage.js';
import type { TailedReply } from './tailed.reply.js';
import { type StandaloneEvent, standaloneEvent, type StandaloneStream } from './standalone.stream.js';

/** Connects responses with the streams of a session: standalone streams, and those of replies. */
@Injectable()
export class SessionConnections {
  constructor(
    private readonly sessions: SessionService,
    private readonly streams: SessionStreams,
    private readonly carriage: StandaloneCarriage,
    private readonly announcer: ChangeAnnouncer,
    private readonly budgets: InFlightBudgets,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /** Responds with a new standalone stream, or with the rest of the stream that the client's last event was sent on. */
  async listen(
    session: Session,
    eventId: string,
    response: ServerResponse,
    principal: Principal,
  ): Promise<void> {
    if (eventId === '') return this.openStandalone(session, response, principal);
    const standalone = standaloneEvent(eventId);
    if (standalone?.isFinal) return endWith204(response);
    if (standalone !== undefined) return this.resumeStandalone(session, standalone, response, principal);
    const resumption = await this.resume(session, eventId, response, principal);
    if (resumption === 'nothing_left') endWith204(response);
    else if (resumption === 'unknown') throw unknownEvent();
  }

  /** The stream that a reply becomes. */
  openReply(
    session: Session,
    requests: readonly RequestId[],
    response: ServerResponse,
    principal: Principal,
    headers?: Readonly<Record<string, string>>,
  ): ResumableStream {
    const stream = this.streams.forReply(session, requests);
    session.streams.add(stream);
    stream.open(this.replyConnection(session, stream, response, principal, headers));
    return stream;
  }

  private async openStandalone(
    session: Session,
    response: ServerResponse,
    principal: Principal,
  ): Promise<void> {
    await this.carriage.open(session, (stream) => this.standalone(session, stream, response, principal));
    // Nothing may be sent for a while, and the client waits for the response headers.
    response.flushHeaders();
    releaseRequest(response);
  }

  private async resumeStandalone(
    session: Session,
    event: StandaloneEvent,
    response: ServerResponse,
    principal: Principal,
  ): Promise<void> {
    const connect = (stream: StandaloneStream): SseStream =>
      this.standalone(session, stream, response, principal);
    if (await this.carriage.resume(session, event, connect)) {
      response.flushHeaders();
      return releaseRequest(response);
    }
    // Its missed events are lost, and clients do not reconnect without the id: they would receive nothing more.
    await this.openStandalone(session, response, principal);
    this.announcer.announceAll(session);
  }

  private standalone(
    session: Session,
    stream: StandaloneStream,
    response: ServerResponse,
    principal: Principal,
  ): SseStream {
    return this.connection(session, response, principal, () => this.carriage.left(session, stream));
  }

  private async resume(
    session: Session,
    lastEventId: string,
    response: ServerResponse,
    principal: Principal,
  ): Promise<Resumption> {
    const stream = this.streams.sentOn(session, lastEventId);
    // The session may end while the store is read; this connection would then stay open.
    const open = (): SseStream => {
      if (!this.sessions.holds(session)) throw unknownSession();
      return this.replyConnection(session, stream, response, principal);
    };
    const resumption = await stream.resume(lastEventId, open);
    if (resumption !== 'resumed') return resumption;
    if (!this.sessions.holds(session)) stream.end('closed_by_server');
    else if (stream.isConnected && !response.destroyed) {
      session.streams.add(stream);
      response.flushHeaders();
    }
    return resumption;
  }

  private replyConnection(
    session: Session,
    stream: ResumableStream | TailedReply,
    response: ServerResponse,
    principal: Principal,
    headers?: Readonly<Record<string, string>>,
  ): SseStream {
    const closed = (connection: SseStream): void => {
      // A newer connection may carry the stream.
      if (stream.disconnect(connection)) session.detach(stream);
    };
    return this.connection(session, response, principal, closed, headers);
  }

  private connection(
    session: Session,
    response: ServerResponse,
    principal: Principal,
    closed: (connection: SseStream) => void,
    headers?: Readonly<Record<string, string>>,
  ): SseStream {
    const onEnd = (reason: SessionEnd): void => {
      if (reason === 'slow_client' || reason === 'over_budget') connection.end(reason);
      session.drop(connection);
      closed(connection);
    };
    const budget = this.budgets.of(principal.userKey);
    const connection: SseStream = new SseStream(response, this.options, onEnd, headers, budget);
    session.carry(connection, principal);
    return connection;
  }
}

/** Also used for DELETE. */
export function endWith204(response: ServerResponse): void {
  response.writeHead(HttpStatus.NO_CONTENT, { 'Cache-Control': 'no-store' }).end();
}

function unknownEvent(): RefusedError {
  return new RefusedError(
    'unknown_event',
    'The event named by Last-Event-ID is not there any more: open the stream without it',
  );
}
