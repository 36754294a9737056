import { HttpStatus, Inject, Injectable, MethodNotAllowedException } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { MCP_OPTIONS, type McpModuleOptions } from '../../mcp.options.js';
import { type JsonRpcMessage, readMessage } from '../../protocol/json-rpc.js';
import { ProtocolError } from '../../protocol/protocol.error.js';
import { ProtocolService } from '../../protocol/protocol.service.js';
import type { AuthInfo } from '../../protocol/sdk-types.js';
import { principalOf } from '../../sessions/principal.js';
import { missingSession, RequestRefused, shuttingDown } from '../../sessions/request-refused.js';
import type { Session } from '../../sessions/session.js';
import { SessionService } from '../../sessions/session.service.js';
import { readJsonBody } from '../message-body.js';
import { SseStream } from './sse.stream.js';

/** A request whose caller the guard has identified. */
export type AuthenticatedRequest = IncomingMessage & { readonly auth: AuthInfo };

const ACCEPTED = { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': '8' };

/** HTTP with server-sent events: one stream per session, messages by POST. MCP 2024-11-05, Transports. */
@Injectable()
export class HttpSseTransport {
  constructor(
    private readonly sessions: SessionService,
    private readonly protocol: ProtocolService,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /** Opens a session on this response, and tells the client where to post its messages. */
  async open(request: AuthenticatedRequest, response: ServerResponse): Promise<void> {
    // Express hands HEAD to a GET route; a stream without a body is of no use to anybody.
    if (request.method !== 'GET') throw new MethodNotAllowedException();
    const principal = principalOf(request.auth);
    let session: Session | undefined;
    session = await this.sessions.open(principal, (id) => {
      const stream = new SseStream(response, this.options.maxBufferedBytes, (reason) => {
        if (session !== undefined) this.sessions.close(session, reason);
      });
      stream.event('endpoint', `${this.options.basePath}/message?sessionId=${id}`);
      return stream;
    });
    // The client may have left while the session was being opened: its 'close' has passed unheard.
    if (response.destroyed) this.sessions.close(session, 'client_disconnected');
  }

  /** Takes one message for a session: 202 once it is accepted, the reply comes on the stream. */
  async receive(request: AuthenticatedRequest, response: ServerResponse): Promise<void> {
    const sessionId = sessionIdIn(request.url ?? '');
    if (sessionId === undefined) throw missingSession();
    const principal = principalOf(request.auth);
    this.sessions.find(sessionId, principal);
    const message = parse(await readJsonBody(request, this.options.maxBodyBytes));
    // It may have ended while the body was on its way.
    const session = this.sessions.find(sessionId, principal);
    if (message.kind === 'request') this.assertNewRequest(message.id, session);
    session.show(principal);
    response.writeHead(HttpStatus.ACCEPTED, ACCEPTED).end('Accepted');
    await this.protocol.handle(message, session, principal);
  }

  private assertNewRequest(id: string | number, session: Session): void {
    if (this.sessions.isDraining) throw shuttingDown();
    if (session.calls.has(id)) {
      throw new RequestRefused(
        HttpStatus.BAD_REQUEST,
        'duplicate_id',
        'A request with this id is in progress',
      );
    }
  }
}

function parse(body: unknown): JsonRpcMessage {
  try {
    return readMessage(body);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new RequestRefused(HttpStatus.BAD_REQUEST, 'malformed_message', error.message, error.code);
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
