import { HttpStatus, Inject, Injectable } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { type RefusalCode, RefusalLog } from '../../../audit/index.js';
import type { RegisteredTool } from '../../catalog/registered-tool.js';
import { Gate } from '../../gate/gate.js';
import type { UserBudget } from '../../limits/in-flight.budgets.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../../mcp.options.js';
import { type IncomingMessages, versionIn } from '../../messages/incoming-messages.js';
import { encodeError, type JsonRpcMessage } from '../../messages/json-rpc.js';
import { ProtocolError } from '../../messages/protocol.error.js';
import { batchesUnsupported, RefusedError } from '../../messages/refused.error.js';
import { ErrorCode, SESSION_VERSIONS, STATELESS_VERSION } from '../../messages/sdk-types.js';
import type { SessionEnd } from '../../sessions/peer.js';
import { SessionService } from '../../sessions/session.service.js';
import type { RequestEnvelope, StatelessPeer } from '../../sessions/stateless.peer.js';
import { assertAcceptsStream, type McpHeaders, refuseUnanswered } from '../protocol-request.js';
import { assertMirrored, assertParamsMirrored, readEnvelope } from '../request-envelope.js';
import { SseStream } from '../sse.stream.js';
import { type McpPost, PostResponse } from './post.response.js';

/** Status of errors in the request itself, rather than in its target. */
const STATUSES: Readonly<Record<number, HttpStatus>> = {
  [ErrorCode.MethodNotFound]: HttpStatus.NOT_FOUND,
  [ErrorCode.HeaderMismatch]: HttpStatus.BAD_REQUEST,
  [ErrorCode.MissingRequiredClientCapability]: HttpStatus.BAD_REQUEST,
  [ErrorCode.UnsupportedProtocolVersion]: HttpStatus.BAD_REQUEST,
};

/** Refusal code by JSON-RPC error code. */
const CODES: Readonly<Record<number, RefusalCode>> = {
  [ErrorCode.HeaderMismatch]: 'header_mismatch',
  [ErrorCode.UnsupportedProtocolVersion]: 'unsupported_protocol_version',
};

const NO_ENVELOPE: RequestEnvelope = {
  protocolVersion: STATELESS_VERSION,
  client: undefined,
  clientCapabilities: {},
  logLevel: undefined,
};

/** The client has disconnected before its request started. */
class ClientDisconnectedError extends Error {}

/** Streamable HTTP without sessions: each request is independent. MCP 2026-07-28, Transports. */
@Injectable()
export class StatelessTransport {
  constructor(
    private readonly sessions: SessionService,
    private readonly gate: Gate,
    private readonly refusals: RefusalLog,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /** Processes a message and replies. A connection that closes before the reply cancels the request. */
  async post(message: JsonRpcMessage, post: McpPost): Promise<void> {
    const { accepted, authorization, incoming, request, response } = post;
    const { principal } = authorization;
    let peer: StatelessPeer | undefined;
    let answer: PostResponse | undefined;
    const gone = (): void => {
      if (peer !== undefined) this.sessions.close(peer, 'client_disconnected');
    };
    response.once('close', gone);
    try {
      const [reply] = await this.gate.accept(incoming, {
        authorization,
        address: request.ip,
        hold: incoming.hold,
        body: incoming.body,
        peer: () => {
          if (message.kind === 'response') throw unwantedResponse();
          if (message.kind === 'request') assertMirrored(request, message);
          // This revision has no client notifications over HTTP: unknown ones are ignored.
          const envelope = message.kind === 'request' ? readEnvelope(message.params) : NO_ENVELOPE;
          // `close` may have been emitted while waiting.
          if (response.destroyed) throw new ClientDisconnectedError();
          return (peer = this.sessions.receive(principal, envelope));
        },
        check: ({ method, params }, target) => {
          if (method === 'subscriptions/listen') assertAcceptsStream(request);
          const headers = (target?.primitive as Partial<RegisteredTool> | undefined)?.paramHeaders;
          if (headers !== undefined && headers.length > 0)
            assertParamsMirrored(request, params['arguments'], headers);
        },
        accepted: () => {
          const openStream = (): SseStream => this.openStream(peer!, response, incoming.hold);
          return (answer = new PostResponse(response, this.options, incoming.hold, { accepted, openStream }));
        },
      });
      const isUnanswered = reply === undefined && message.kind === 'request' && !answer!.hasBegun;
      if (isUnanswered) await refuseUnanswered(authorization, response);
      else if (reply === undefined) answer!.finish([], false);
      else answer!.finish([reply], false, reply.error === undefined ? HttpStatus.OK : statusOf(reply.error));
    } catch (error) {
      this.refuse(error, message, post);
    } finally {
      response.off('close', gone);
      if (peer !== undefined) this.sessions.leave(peer);
    }
  }

  /** Replies to a request with the error that its peer or its headers have; throws every other error. */
  private refuse(
    error: unknown,
    message: JsonRpcMessage,
    { authorization, incoming, request, response }: McpPost,
  ): void {
    if (error instanceof ClientDisconnectedError) return;
    if (!(error instanceof ProtocolError) || message.kind !== 'request') throw error;
    const { id: requestId } = message;
    this.refusals.refused(request, {
      event: 'request.refused',
      code: CODES[error.code] ?? 'malformed_message',
      status: HttpStatus.BAD_REQUEST,
      actor: authorization.principal,
      requestId,
    });
    const text = encodeError(requestId, error.code, error.message, error.data);
    const answer = new PostResponse(response, this.options, incoming.hold);
    answer.finish([{ text, error: error.code }], false, HttpStatus.BAD_REQUEST);
  }

  private openStream(peer: StatelessPeer, response: ServerResponse, budget: UserBudget): SseStream {
    const onEnd = (reason: SessionEnd): void => this.sessions.close(peer, reason);
    const stream = new SseStream(response, this.options, onEnd, {}, budget);
    peer.streams.add(stream);
    return stream;
  }
}

/**
 * The message where it is stateless: its `_meta` names a revision or, in a request without a session, its headers do.
 * `initialize` opens a session, even if the headers name a stateless revision.
 */
export function statelessMessage(
  { messages, batched }: IncomingMessages,
  { version, session, isModern }: McpHeaders,
): JsonRpcMessage | undefined {
  const [message] = messages;
  if (batched || message === undefined) {
    if (isModern && session === undefined) throw batchesUnsupported();
    return undefined;
  }
  if (versionIn(message) !== undefined) return message;
  if (session !== undefined) return undefined;
  if (message.kind !== 'request') return isModern ? message : undefined;
  // A client that names an unsupported revision gets the error of the newest one.
  const isStateless = version !== undefined && !SESSION_VERSIONS.includes(version);
  return message.method !== 'initialize' && isStateless ? message : undefined;
}

/** In this revision answers arrive in the repeated request. */
function unwantedResponse(): RefusedError {
  return new RefusedError(
    'malformed_message',
    'This protocol version has no responses of the client’s: send a request or a notification',
  );
}

function statusOf(error: number): HttpStatus {
  return STATUSES[error] ?? HttpStatus.OK;
}
