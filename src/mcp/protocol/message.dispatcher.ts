import { Inject, Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { CallOutcome } from '../../audit/index.js';
import type { Principal } from '../authorization/principal.js';
import type { Found } from '../catalog/primitive.js';
import { CallAbortedError } from '../invocation/call-aborted.error.js';
import { CallAudit } from '../invocation/call.audit.js';
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
  readonly handler: RequestHandler | undefined;
  readonly found: Found | undefined;
}

const NO_REPLY = Promise.resolve(undefined);

/** Dispatches each message to its handler. */
@Injectable()
export class MessageDispatcher {
  private readonly logger = new Logger('Protocol');
  private readonly handlers: ReadonlyMap<string, RequestHandler>;

  constructor(
    @Inject(REQUEST_HANDLERS) parts: readonly RequestHandlers[],
    private readonly audit: CallAudit,
    private readonly relay: SessionRelay,
  ) {
    const handlers = parts.flatMap((part) => part.handlers);
    this.handlers = new Map(handlers.map((handler) => [handler.method, handler]));
  }

  /** Looks up a message's handler and target, and the access of a caller with these scopes. */
  resolve(message: JsonRpcMessage, scopes: readonly string[]): ResolvedMessage {
    const handler = message.kind === 'request' ? this.handlers.get(message.method) : undefined;
    const target = message.kind === 'request' ? handler?.find?.(message.params) : undefined;
    const found = target && { target, verdict: target.primitive.access.verdict(scopes) };
    return { message, handler, found };
  }

  /**
   * Handles a message. Resolves with the reply to a request; with undefined for any other message, and for a request
   * that the client has cancelled or whose session has ended. Rejects if a message other than a request could not be
   * passed on to its node.
   */
  handle(resolved: ResolvedMessage, context: MessageContext): Promise<Reply | undefined> {
    const { message } = resolved;
    if (message.kind === 'request') return this.reply(message, resolved, context);
    const passed =
      message.kind === 'notification'
        ? this.heed(message, context.peer)
        : this.relay.answer(context.peer, message);
    return passed === undefined ? NO_REPLY : passed.then(() => undefined);
  }

  /** Records refused messages that are calls. The peer is not known yet where a whole HTTP request is refused. */
  recordRefused(
    messages: readonly ResolvedMessage[],
    outcome: CallOutcome,
    principal: Principal,
    address: string | undefined,
    peer?: Peer,
  ): void {
    if (!this.audit.isOn) return;
    for (const { message, handler, found } of messages) {
      if (message.kind !== 'request' || handler?.kind === undefined) continue;
      const primitive = found?.target.primitive;
      if (primitive?.audit.isRecorded === false) continue;
      this.audit.refused(principal, message.id, {
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

  private async reply(
    request: JsonRpcRequest,
    resolved: ResolvedMessage,
    context: MessageContext,
  ): Promise<Reply | undefined> {
    try {
      return { text: encodeResult(request.id, await this.answer(request, resolved, context)) };
    } catch (error) {
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
  }

  /** A handler throws for invalid parameters, before a call starts; a started call rejects, and is recorded there. */
  private answer(
    request: JsonRpcRequest,
    resolved: ResolvedMessage,
    context: MessageContext,
  ): MessageText | Promise<string> {
    const { handler, found } = resolved;
    const { address, peer, principal } = context;
    if (handler === undefined || !serves(handler, peer)) {
      throw new ProtocolError(ErrorCode.MethodNotFound, 'Method not found');
    }
    try {
      return handler.answer(request, context, found);
    } catch (error) {
      this.recordRefused([resolved], 'invalid_arguments', principal, address, peer);
      throw error;
    }
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

/** Whether a peer's revision has the handler's method. */
export function serves({ era }: RequestHandler, { isModern }: Peer): boolean {
  return era === 'all' || isModern === (era === 'stateless');
}

function errorReply({ id }: JsonRpcRequest, error: ProtocolError): Reply {
  return { text: encodeError(id, error.code, error.message, error.data), error: error.code };
}
