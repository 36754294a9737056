import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { BackplaneNode, BackplaneUnavailable, MailError } from '../../backplane/index.js';
import type { JsonRpcResponse } from '../messages/json-rpc.js';
import type { RequestId } from '../messages/sdk-types.js';
import type { Peer } from './peer.js';
import { isShared } from './session.expiry.js';
import { SessionService } from './session.service.js';

/** The kind of mail that carries an answer, and the topic of cancellations on the bus. */
const ANSWER = 'session.answer';
const CANCELLED = 'session.cancelled';
/** A request id: the name of its node, and a unique part. */
const SHARED_ID = /^([\da-f-]{36})\.[\da-f-]{36}$/;

interface RelayedAnswer {
  readonly session: string;
  /** The key of the principal that answered. */
  readonly owner: string;
  readonly response: JsonRpcResponse;
}

interface Cancelled {
  readonly session: string;
  readonly owner: string;
  readonly id: RequestId;
}

/** Forwards answers and cancellations of a client to the node that runs the call. Reaches calls of the same session only. */
@Injectable()
export class SessionRelay implements OnModuleInit, OnModuleDestroy {
  private stopListening: (() => void) | undefined;

  constructor(
    private readonly sessions: SessionService,
    private readonly node: BackplaneNode,
  ) {}

  onModuleInit(): void {
    this.node.mail.on(ANSWER, (body) => this.take(body as RelayedAnswer));
    this.stopListening = this.node.bus.on(CANCELLED, (body) => this.abort(body as Cancelled));
  }

  onModuleDestroy(): void {
    this.stopListening?.();
  }

  /** Whether answers that arrive at other nodes reach this one. */
  get isLive(): boolean {
    return this.node.bus.isLive;
  }

  /** The id of a request to a client: unique, not guessable by other clients, and names the node that asks. */
  newRequestId(): string {
    const { isAlone, self } = this.node.membership;
    return isAlone ? randomUUID() : `${self}.${randomUUID()}`;
  }

  /**
   * Passes a response of the client to the request that waits for it. A response to no open request is ignored.
   * Undefined: done. Otherwise resolves when the node that asked has received it; rejects with `BackplaneUnavailable`
   * where that is unknown.
   */
  answer(peer: Peer, response: JsonRpcResponse): Promise<void> | undefined {
    const asked = peer.inputRequests.get(response.id);
    if (asked !== undefined) {
      asked.answer(response);
      return undefined;
    }
    const node = SHARED_ID.exec(String(response.id))?.[1];
    const { isAlone, self } = this.node.membership;
    if (isAlone || node === undefined || node === self || !isShared(peer)) return undefined;
    return this.send(node, { session: peer.id, owner: peer.principal.key, response });
  }

  /**
   * Aborts a call that the client has cancelled, whichever node runs it. MCP 2025-11-25, Cancellation: an unknown or
   * finished request is ignored. Undefined: done. Otherwise resolves when the cancellation is on the bus.
   */
  cancel(peer: Peer, id: RequestId): Promise<unknown> | undefined {
    const call = peer.calls.get(id);
    if (call !== undefined) {
      call.abort('cancelled');
      return undefined;
    }
    if (this.node.membership.isAlone || !isShared(peer)) return undefined;
    return this.node.bus.publish(CANCELLED, { session: peer.id, owner: peer.principal.key, id });
  }

  private async send(node: string, answer: RelayedAnswer): Promise<void> {
    try {
      await this.node.mail.ask(node, ANSWER, answer);
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      // The call ended with its node.
      if (error.problem !== 'gone') {
        throw new BackplaneUnavailable(`the node that has asked: ${error.problem}`, error);
      }
    }
  }

  private take({ session: id, owner, response }: RelayedAnswer): void {
    const session = this.sessions.get(id);
    if (session?.principal.key === owner) session.inputRequests.get(response.id)?.answer(response);
  }

  private abort({ session: id, owner, id: request }: Cancelled): void {
    const session = this.sessions.get(id);
    if (session?.principal.key === owner) session.calls.get(request)?.abort('cancelled');
  }
}
