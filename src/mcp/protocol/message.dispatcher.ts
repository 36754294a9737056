import { Inject, Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { CallOutcome } from '../../audit/index.js';
import type { Principal } from '../authorization/principal.js';
import type { Found } from '../catalog/primitive.js';
import { CallAbortedError } from '../invocation/call-aborted.error.js';
import { CallLog } from '../invocation/call.log.js';
import type { MessageContext } from '../invocation/message-context.js';
import {
  encodeError,
  encodeResult,
  isRequestId,
  type JsonRpcMessage,
  type JsonRpcNotification,
  type JsonRpcRequest,
  type MessageText,
  shortened,
} from '../messages/json-rpc.js';
import { ProtocolError } from '../messages/protocol.error.js';
import { asRefusal, RefusedError } from '../messages/refused.error.js';
import { ErrorCode } from '../messages/sdk-types.js';
import type { Peer } from '../sessions/peer.js';
import { SessionRelay } from '../sessions/session.relay.js';
import { REQUEST_HANDLERS, type RequestHandler, type RequestHandlers } from './request-handler.js';

/** The reply to a request. */
export interface Reply {
  readonly text: MessageText;
  /** The code of the JSON-RPC error object, where the reply is one. */
  readonly error?: number;
}

/** A message and, for a request, its handler and target: looked up once. */
export interface ResolvedMessage {
  readonly message: JsonRpcMessage;
  /** Undefined: the peer's revision has no such method. */
  handler: RequestHandler | undefined;
  readonly found: Found | undefined;
}

/** Dispatches each message to its handler. */
@Injectable()
export class MessageDispatcher {
  private readonly logger = new Logger('Protocol');
  private readonly handlers: ReadonlyMap<string, RequestHandler>;

  constructor(
    @Inject(REQUEST_HANDLERS) parts: readonly RequestHandlers[],
    private readonly callLog: CallLog,
    private readonly relay: SessionRelay,
  ) {
    const handlers = parts.flatMap((part) => part.handlers);
    this.handlers = new Map(handlers.map((handler) => [handler.method, handler]));
  }

  /** Looks up each message's handler and target, and the access of a caller with these scopes. */
  resolve(messages: readonly JsonRpcMessage[], scopes: readonly string[]): ResolvedMessage[] {
    const all: ResolvedMessage[] = [];
    for (const message of messages) {
      const handler = message.kind === 'request' ? this.handlers.get(message.method) : undefined;
      const target = message.kind === 'request' ? handler?.find?.(message.params) : undefined;
      let found: Found | undefined;
      if (target !== undefined) {
        const { access } = target.primitive;
        found = { target, verdict: access.scopes.length === 0 ? 'allowed' : access.verdict(scopes) };
      }
      all.push({ message, handler, found });
    }
    return all;
  }

  /**
   * Handles a message. Resolves with the reply to a request; with undefined for any other message, and for a request
   * that the client has cancelled or whose session has ended. Rejects if a message other than a request could not be
   * passed on to its node.
   */
  async handle(resolved: ResolvedMessage, context: MessageContext): Promise<Reply | undefined> {
    const { message, handler, found } = resolved;
    const { address, peer, principal } = context;
    if (message.kind === 'notification') await this.heed(message, peer);
    if (message.kind === 'response') await this.relay.answer(peer, message);
    if (message.kind !== 'request') return undefined;
    if (handler === undefined) {
      return errorReply(message, new ProtocolError(ErrorCode.MethodNotFound, 'Method not found'));
    }
    let hasBegun = false;
    try {
      const answer = handler.answer(message, context, found);
      hasBegun = true;
      return { text: encodeResult(message.id, await answer) };
    } catch (error) {
      // A handler throws for invalid parameters, before a call starts. A started call rejects, and is recorded there.
      if (!hasBegun) this.recordRefused([resolved], 'invalid_arguments', principal, address, peer);
      return this.replyTo(message, context, error);
    }
  }

  /** Records refused messages that are calls. The peer is not known yet where a whole HTTP request is refused. */
  recordRefused(
    messages: readonly ResolvedMessage[],
    outcome: CallOutcome,
    principal: Principal,
    address: string | undefined,
    peer?: Peer,
  ): void {
    for (const { message, handler, found } of messages) {
      if (message.kind !== 'request' || handler?.kind === undefined) continue;
      const primitive = found?.target.primitive;
      if (primitive?.audit.isRecorded === false) continue;
      this.callLog.refused(principal, message.id, {
        kind: handler.kind,
        target: primitive?.key,
        outcome,
        ip: address,
        session: peer?.logId,
        protocolVersion: peer?.protocolVersion,
      });
    }
  }

  /** Only `notifications/cancelled` needs an action. */
  private heed({ method, params }: JsonRpcNotification, peer: Peer): Promise<unknown> | undefined {
    const { requestId } = params;
    const isCancellation = method === 'notifications/cancelled' && isRequestId(requestId);
    return isCancellation ? this.relay.cancel(peer, requestId) : undefined;
  }

  /** The reply to a request that failed, if its client waits for one. */
  private replyTo(request: JsonRpcRequest, context: MessageContext, error: unknown): Reply | undefined {
    if (error instanceof ProtocolError) return errorReply(request, error);
    if (error instanceof CallAbortedError) {
      return error.outcome === 'shutdown'
        ? errorReply(request, new ProtocolError(ErrorCode.ConnectionClosed, error.message))
        : undefined;
    }
    // The request is accepted already, so the refusal is its reply.
    const refusal = asRefusal(error);
    if (refusal instanceof RefusedError) {
      return errorReply(request, new ProtocolError(refusal.code, refusal.message));
    }
    return errorReply(request, this.failure(request, context, error));
  }

  /** An internal error: the client receives the reference of its log line. */
  private failure(
    { id, method }: JsonRpcRequest,
    { address, peer, principal }: MessageContext,
    error: unknown,
  ): ProtocolError {
    const reference = randomUUID();
    this.logger.error({
      event: 'request.failed',
      method: shortened(method, 64),
      requestId: typeof id === 'string' ? shortened(id, 64) : id,
      session: peer.logId,
      subject: principal.subject,
      client: principal.clientId,
      ip: address,
      reference,
      err: error,
    });
    return new ProtocolError(ErrorCode.InternalError, 'Internal error', { reference });
  }
}

function errorReply({ id }: JsonRpcRequest, error: ProtocolError): Reply {
  return { text: encodeError(id, error.code, error.message, error.data), error: error.code };
}
