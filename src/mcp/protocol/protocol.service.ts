import { Inject, Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { CallAbortedError } from '../invocation/call-aborted.error.js';
import type { Peer } from '../sessions/peer.js';
import type { Principal } from '../sessions/principal.js';
import type { Exchange } from '../invocation/exchange.js';
import { type Feature, FEATURES, type Method } from './feature.js';
import {
  encodeError,
  encodeResult,
  isRequestId,
  type JsonRpcMessage,
  type JsonRpcNotification,
  type JsonRpcRequest,
} from '../messages/json-rpc.js';
import { asRefusal, RequestRefused } from '../sessions/request-refused.js';
import { ProtocolError } from '../messages/protocol.error.js';
import { shortened } from '../messages/well-formed.js';
import { RefusedCalls } from './refused.calls.js';
import { ErrorCode } from '../messages/sdk-types.js';

/** The one answer to a request. */
export interface Reply {
  readonly text: string;
  /** The code of the JSON-RPC error object, where the answer is one. */
  readonly error?: number;
}

const NO_REPLY = Promise.resolve(undefined);

/** The server's side of MCP: hands each request to the feature that it belongs to. */
@Injectable()
export class ProtocolService {
  private readonly logger = new Logger('Protocol');
  private readonly sessionMethods: ReadonlyMap<string, Method>;
  private readonly statelessMethods: ReadonlyMap<string, Method>;

  constructor(
    @Inject(FEATURES) features: readonly Feature[],
    private readonly refusedCalls: RefusedCalls,
  ) {
    const methods = features.flatMap((feature) => feature.methods);
    const but = (era: string) => methods.filter((method) => method.era !== era);
    this.sessionMethods = new Map(but('stateless').map((method) => [method.name, method]));
    this.statelessMethods = new Map(but('sessions').map((method) => [method.name, method]));
  }

  /**
   * Takes a message. Resolves with the one reply of a request; with undefined for anything else, and for a
   * request that the client has cancelled or whose session has ended.
   */
  handle(message: JsonRpcMessage, exchange: Exchange): Promise<Reply | undefined> {
    if (message.kind === 'request') return this.reply(message, exchange);
    if (message.kind === 'notification') handleNotification(message, exchange.peer);
    // What answers nothing that this peer was asked, or answers it again, is nobody's.
    else exchange.peer.questions.get(message.id)?.answer(message);
    return NO_REPLY;
  }

  /**
   * The scopes that the entry which a message is about needs and this caller lacks, where it may know of the
   * entry, which the caller has to be refused with then; undefined where there is nothing to ask for.
   */
  scopesToAskFor(
    message: JsonRpcMessage,
    peer: Peer,
    principal: Principal,
    address?: string,
  ): readonly string[] | undefined {
    if (message.kind !== 'request') return undefined;
    const access = this.methodOf(message, peer)?.entry?.(message.params)?.access;
    if (access?.verdict(principal.scopes) !== 'step_up') return undefined;
    this.refusedCalls.record([message], principal, 'insufficient_scope', address, peer);
    return access.scopes;
  }

  private async reply(request: JsonRpcRequest, exchange: Exchange): Promise<Reply | undefined> {
    try {
      const method = this.methodOf(request, exchange.peer);
      if (method === undefined) throw new ProtocolError(ErrorCode.MethodNotFound, 'Method not found');
      return { text: encodeResult(request.id, await this.answer(method, request, exchange)) };
    } catch (error) {
      if (error instanceof ProtocolError) return errorReply(request, error);
      if (error instanceof CallAbortedError) {
        return error.outcome === 'shutdown'
          ? errorReply(request, new ProtocolError(ErrorCode.ConnectionClosed, error.message))
          : undefined;
      }
      // What is accepted already hears it in its reply.
      const refusal = asRefusal(error);
      if (refusal instanceof RequestRefused) {
        return errorReply(request, new ProtocolError(refusal.code, refusal.message));
      }
      return errorReply(request, this.failure(request, exchange, error));
    }
  }

  /** A method throws for what it cannot read, before a call is begun: what is begun rejects, and is recorded there. */
  private answer(method: Method, request: JsonRpcRequest, exchange: Exchange): string | Promise<string> {
    try {
      return method.answer(request, exchange);
    } catch (error) {
      const { address, peer, principal } = exchange;
      this.refusedCalls.record([request], principal, 'invalid_arguments', address, peer);
      throw error;
    }
  }

  /** What this server did wrong: the client gets the reference under which the log has it. */
  private failure(
    { id, method }: JsonRpcRequest,
    { address, peer, principal }: Exchange,
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

  private methodOf({ method }: JsonRpcRequest, peer: Peer): Method | undefined {
    return (peer.isModern ? this.statelessMethods : this.sessionMethods).get(method);
  }
}

function errorReply({ id }: JsonRpcRequest, error: ProtocolError): Reply {
  return { text: encodeError(id, error.code, error.message, error.data), error: error.code };
}

/** MCP 2025-11-25, Cancellation: an unknown or finished request is ignored. */
function handleNotification({ method, params }: JsonRpcNotification, peer: Peer): void {
  if (method !== 'notifications/cancelled') return;
  const requestId = params['requestId'];
  if (isRequestId(requestId)) peer.calls.get(requestId)?.abort('cancelled');
}
