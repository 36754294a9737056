import { Logger } from '@nestjs/common';
import type { RefusalLog } from '../../../audit/index.js';
import type { RequestAuthorization } from '../../authorization/request-authorization.js';
import type { Gate } from '../../gate/gate.js';
import type { BudgetHold, InFlightBudgets } from '../../limits/in-flight.budgets.js';
import {
  encodeMalformed,
  type IncomingMessages,
  isAnswer,
  toMessages,
  versionIn,
} from '../../messages/incoming-messages.js';
import { encodeError, isObject, isRequestId, type JsonRpcMessage } from '../../messages/json-rpc.js';
import { ProtocolError } from '../../messages/protocol.error.js';
import { batchesUnsupported, duplicateId, RefusedError } from '../../messages/refused.error.js';
import { ErrorCode, type RequestId, STATELESS_VERSION } from '../../messages/sdk-types.js';
import type { Reply } from '../../protocol/message.dispatcher.js';
import type { Peer, SessionEnd } from '../../sessions/peer.js';
import type { Session } from '../../sessions/session.js';
import type { SessionService } from '../../sessions/session.service.js';
import type { StatelessPeer } from '../../sessions/stateless.peer.js';
import type { MessageReader } from '../message.reader.js';
import { readEnvelope } from '../request-envelope.js';
import type { StdioStream } from './stdio.stream.js';

/** Since this revision an error without a known id omits it; in earlier revisions, and in JSON-RPC, the id is null. */
const ID_LEFT_OUT_SINCE = '2025-11-25';

/**
 * The connection to one host. Requests that name a revision in `_meta` are stateless; all others belong to the one
 * session of the process. MCP 2026-07-28, Versioning, "Backward Compatibility".
 */
export class StdioConnection {
  private readonly logger = new Logger('Stdio');
  private session: Session | undefined;
  private readonly stateless = new Map<RequestId, StatelessPeer>();
  private readonly answers = new Set<Promise<void>>();
  private isModern = false;

  constructor(
    private readonly stream: StdioStream,
    private readonly authorization: RequestAuthorization,
    private readonly sessions: SessionService,
    private readonly reader: MessageReader,
    private readonly budgets: InFlightBudgets,
    private readonly gate: Gate,
    private readonly refusals: RefusalLog,
  ) {}

  /**
   * Processes a line, in order. Resolves when its messages are dispatched or refused; replies follow. Never rejects.
   */
  async take(line: Buffer): Promise<void> {
    const hold = this.budgets.hold(this.authorization.principal.userKey, 0);
    let value: unknown;
    try {
      ({ value } = await this.reader.parse(line, hold));
      const incoming = toMessages(value);
      const accepted = Promise.withResolvers<void>();
      const answered = this.serve(incoming, hold, accepted.resolve).catch((error: unknown) => {
        this.refuse(error, this.unusedIdIn(value), isAnswer(value));
      });
      this.answers.add(answered);
      void answered.finally(() => {
        hold.release();
        this.answers.delete(answered);
        accepted.resolve();
      });
      await accepted.promise;
    } catch (error) {
      hold.release();
      // Replying to a malformed response could cause an endless exchange.
      this.refuse(error, this.unusedIdIn(value), isAnswer(value));
    }
  }

  /** Sends the refusal to the host, unless `silent`; `id` where it is known. */
  refuse(error: unknown, id?: RequestId, silent = false): void {
    if (error instanceof RefusedError) {
      const { reason: code } = error;
      const actor = this.authorization.principal;
      this.refusals.refused({}, { event: 'message.refused', code, actor, requestId: id });
    }
    const text = this.errorText(error, id);
    if (!silent) this.stream.send(text);
  }

  /** Waits until all messages are answered and written. */
  async finish(): Promise<void> {
    await Promise.all(this.answers);
    await this.stream.flushed();
  }

  /** The host no longer waits for replies. */
  close(reason: SessionEnd): void {
    for (const peer of this.stateless.values()) this.sessions.close(peer, reason);
    if (this.session !== undefined) this.sessions.close(this.session, reason);
  }

  private async serve(incoming: IncomingMessages, hold: BudgetHold, onAccepted: () => void): Promise<void> {
    const [message] = incoming.messages;
    // An unmatched notification or response is ignored.
    const isRequest = incoming.batched || message?.kind === 'request';
    if (!isRequest && this.addresseeOf(message) === undefined) return;
    let own: StatelessPeer | undefined;
    try {
      const replies = await this.gate.accept(incoming, {
        authorization: this.authorization,
        hold,
        named: this.session,
        peer: () => {
          own = this.receive(incoming);
          return own ?? this.addresseeOf(message) ?? this.openSession();
        },
        accepted: () => {
          onAccepted();
          return this.stream;
        },
      });
      this.answer(replies, incoming);
    } finally {
      if (own !== undefined) this.leave(own, message);
    }
  }

  private answer(replies: readonly Reply[], { batched, malformed }: IncomingMessages): void {
    const texts = replies.map(({ text }) => text);
    if (!batched) return texts.forEach((text) => this.stream.send(text));
    for (const one of malformed) {
      const isUsed = one.id !== null && this.isInUse(one.id);
      if (!one.isAnswer) texts.push(encodeMalformed(isUsed ? { ...one, id: null } : one));
    }
    if (texts.length > 0) this.stream.send(`[${texts.join(',')}]`);
  }

  /** The peer of a request that names its revision. Undefined: the messages belong to the session. */
  private receive({ messages, batched }: IncomingMessages): StatelessPeer | undefined {
    for (const message of messages) {
      if (message.kind === 'request' && this.isInUse(message.id)) throw duplicateId();
    }
    const [message] = messages;
    if (batched && this.session === undefined) throw batchesUnsupported();
    if (batched || message?.kind !== 'request' || versionIn(message) === undefined) return undefined;
    this.isModern = true;
    const peer = this.sessions.receive(this.authorization.principal, readEnvelope(message.params));
    this.stateless.set(message.id, peer);
    return peer;
  }

  private leave(peer: StatelessPeer, message: JsonRpcMessage | undefined): void {
    if (message?.kind === 'request') this.stateless.delete(message.id);
    this.sessions.leave(peer);
  }

  private async openSession(): Promise<Session> {
    const session = await this.sessions.open(this.authorization.principal, 'stdio');
    this.session = session;
    session.attach(this.stream);
    this.sessions.opened(session);
    return session;
  }

  /** A cancellation goes to the peer of its request, which may be stateless. */
  private addresseeOf(message: JsonRpcMessage | undefined): Peer | undefined {
    const cancelled = message?.kind === 'notification' ? message.params['requestId'] : undefined;
    return (isRequestId(cancelled) ? this.stateless.get(cancelled) : undefined) ?? this.session;
  }

  private isInUse(id: RequestId): boolean {
    return this.stateless.has(id) || this.session?.calls.has(id) === true;
  }

  /** The id of a refused message, so that the host does not wait for its reply. Undefined while a request uses it. */
  private unusedIdIn(value: unknown): RequestId | undefined {
    const id = isObject(value) && Object.hasOwn(value, 'method') ? value['id'] : undefined;
    return isRequestId(id) && !this.isInUse(id) ? id : undefined;
  }

  private errorText(error: unknown, id: RequestId | undefined): string {
    const to = id ?? (this.revision >= ID_LEFT_OUT_SINCE ? undefined : null);
    if (error instanceof ProtocolError) return encodeError(to, error.code, error.message, error.data);
    if (error instanceof RefusedError) return encodeError(to, error.code, error.message);
    this.logger.error({ event: 'message.failed', err: error });
    return encodeError(to, ErrorCode.InternalError, 'Internal error');
  }

  /** The host's revision; empty where it is unknown. */
  private get revision(): string {
    if (this.session?.initialized === true) return this.session.protocolVersion;
    return this.isModern ? STATELESS_VERSION : '';
  }
}
