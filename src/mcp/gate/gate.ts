import { Inject, Injectable } from '@nestjs/common';
import { AuditTrail } from '../../audit/index.js';
import { BackplaneNode } from '../../backplane/index.js';
import type { RequestAuthorization } from '../authorization/request-authorization.js';
import type { Target } from '../catalog/primitive.js';
import type { MessageContext } from '../invocation/message-context.js';
import type { BudgetHold } from '../limits/in-flight.budgets.js';
import { type IncomingMessages, refusalOf } from '../messages/incoming-messages.js';
import type { JsonRpcRequest } from '../messages/json-rpc.js';
import { batchesUnsupported, duplicateId, RefusedError, shuttingDown } from '../messages/refused.error.js';
import { ErrorCode } from '../messages/sdk-types.js';
import { MessageDispatcher, type Reply, type ResolvedMessage } from '../protocol/message.dispatcher.js';
import type { Peer, ReplySink } from '../sessions/peer.js';
import { SessionService } from '../sessions/session.service.js';
import { CallLimiter, type ChargedBody } from './call.limiter.js';
import { DuplicateGuard, type GuardedCalls } from './duplicate.guard.js';
import { RepeatedRequests } from './repeated.requests.js';

/** The one revision with batches: MCP 2025-03-26, Base Protocol, "Batching". */
const BATCHES = '2025-03-26';

/** The source of messages: one POST, or one line of standard input. */
export interface Delivery {
  readonly authorization: RequestAuthorization;
  /** Address of the client, where it has one. */
  readonly address?: string | undefined;
  /** Counts the messages and their calls for their user. */
  readonly hold: BudgetHold;
  readonly body?: ChargedBody;
  /** The session that the client names, if it was already found. */
  readonly named?: Peer | undefined;
  /** Finds or opens the messages' peer; refuses an unknown session, or another caller's. */
  peer(): Peer | Promise<Peer>;
  /** Refuses a request that is invalid for its transport. `target`: its target, if the caller may see it. */
  check?(request: JsonRpcRequest, target: Target | undefined): void;
  /** Called once all messages are accepted. Returns the sink for messages ahead of the replies. */
  accepted(peer: Peer): ReplySink;
}

/** Every message of every transport passes this gate. A refused message has not started. */
@Injectable()
export class Gate {
  constructor(
    private readonly limiter: CallLimiter,
    private readonly duplicates: DuplicateGuard,
    private readonly repeated: RepeatedRequests,
    private readonly dispatcher: MessageDispatcher,
    private readonly sessions: SessionService,
    @Inject(AuditTrail) private readonly trail: AuditTrail,
    private readonly node: BackplaneNode,
  ) {}

  /**
   * Checks all messages before any starts: limits, then authorization, session, drain and duplicate id, access. Then
   * dispatches them; resolves with the replies. A request that is sent again is accepted and has no reply. Rejects with
   * {@link RefusedError}, or with the error of the authorization or the delivery. After acceptance it rejects only if
   * the client sent no request, and an answer or notification could not be passed on to its node.
   */
  async accept(incoming: IncomingMessages, delivery: Delivery): Promise<readonly Reply[]> {
    const { authorization, address, hold } = delivery;
    const { principal } = authorization;
    const messages = this.dispatcher.resolve(incoming.messages, principal.scopes);
    const { isAlone } = this.node.membership;
    let peer = delivery.named;
    let sink: ReplySink;
    let guarded: GuardedCalls | undefined;
    let answered: (() => void) | undefined;
    try {
      if (this.trail.isFull === true && messages.some(isCall)) throw auditUnavailable();
      this.limiter.begin(messages, hold);
      // Starts both checks at the same time.
      guarded = isAlone ? undefined : this.duplicates.begin(messages, peer);
      const taken = this.limiter.take(messages, hold, delivery.body);
      if (taken !== undefined) await taken;
      if (guarded !== undefined) await guarded.taken;
      const now = Date.now();
      const asked = authorization.reauthorize(now);
      if (asked !== undefined) await asked;
      const found = delivery.peer();
      peer = found instanceof Promise ? await found : found;
      if (incoming.batched && peer.protocolVersion !== BATCHES) throw batchesUnsupported();
      const compared = isAlone ? undefined : this.repeated.compare(peer, incoming.messages);
      if (compared?.isRepeated === true) {
        delivery.accepted(peer);
        hold.endCalls();
        return [];
      }
      for (const message of messages) this.judge(message, peer, delivery);
      peer.refreshToken?.(principal, now);
      sink = delivery.accepted(peer);
      answered = compared?.begin();
    } catch (error) {
      hold.endCalls();
      guarded?.end(false);
      if (isOverLimit(error)) {
        this.dispatcher.recordRefused(messages, 'rate_limited', principal, address, peer);
      }
      throw refusalOf(incoming, error);
    }
    const context = { peer, principal, address, sink, hold: incoming.batched ? undefined : hold };
    try {
      const [first] = messages;
      if (messages.length !== 1) return await this.handleAll(messages, context);
      const reply = await this.dispatcher.handle(first!, context);
      return reply === undefined ? [] : [reply];
    } finally {
      hold.endCalls();
      if (guarded !== undefined) sink.whenSent((isWhole) => guarded.end(!isWhole));
      answered?.();
    }
  }

  /** A message that could not be passed on refuses a batch only if none of its requests has run. */
  private async handleAll(messages: readonly ResolvedMessage[], context: MessageContext): Promise<Reply[]> {
    const hasRequests = messages.some(({ message }) => message.kind === 'request');
    const handle = (resolved: ResolvedMessage): Promise<Reply | undefined> => {
      const handled = this.dispatcher.handle(resolved, context);
      return hasRequests && resolved.message.kind !== 'request' ? handled.catch(() => undefined) : handled;
    };
    const replies = await Promise.all(messages.map(handle));
    return replies.filter((reply) => reply !== undefined);
  }

  private judge(resolved: ResolvedMessage, peer: Peer, delivery: Delivery): void {
    const { message, handler, found } = resolved;
    if (message.kind !== 'request') return;
    if (this.sessions.isDraining) throw shuttingDown();
    // Without sessions, each request has a peer of its own.
    if (!peer.isModern && peer.calls.has(message.id)) throw duplicateId();
    if (handler === undefined) return;
    if (handler.era !== 'all' && peer.isModern !== (handler.era === 'stateless')) {
      resolved.handler = undefined;
      return;
    }
    delivery.check?.(message, found?.verdict === 'hidden' ? undefined : found?.target);
    if (found?.verdict !== 'step_up') return;
    const { authorization, address } = delivery;
    this.dispatcher.recordRefused([resolved], 'insufficient_scope', authorization.principal, address, peer);
    throw authorization.lackingScopes(found.target.primitive.access.scopes);
  }
}

function isCall({ handler }: ResolvedMessage): boolean {
  return handler?.kind !== undefined;
}

function isOverLimit(error: unknown): boolean {
  return (
    error instanceof RefusedError && (error.reason === 'rate_limited' || error.reason === 'too_many_calls')
  );
}

/** Every call must have a record: so many records are waiting that this one might be lost. */
function auditUnavailable(): RefusedError {
  return new RefusedError('audit_unavailable', 'Calls cannot be recorded now: try again later', {
    code: ErrorCode.InternalError,
    retryAfter: 5,
  });
}
