import { Logger } from '@nestjs/common';
import {
  encodeError,
  isAnswer,
  isObject,
  isRequestId,
  type JsonRpcMessage,
  type JsonRpcRequest,
} from '../../messages/json-rpc.js';
import type { RefusalLog } from '../../../audit/index.js';
import { ProtocolError } from '../../messages/protocol.error.js';
import type { ByteHold } from '../../limits/in-flight.budgets.js';
import type { CallLimiter } from '../../protocol/call.limiter.js';
import type { ProtocolService, Reply } from '../../protocol/protocol.service.js';
import { ErrorCode, type RequestId, STATELESS_VERSION } from '../../messages/sdk-types.js';
import type { Peer, SessionEnd } from '../../sessions/peer.js';
import type { Principal } from '../../sessions/principal.js';
import {
  asRefusal,
  batchesUnsupported,
  RequestRefused,
  shuttingDown,
} from '../../sessions/request-refused.js';
import type { Session } from '../../sessions/session.js';
import type { SessionService } from '../../sessions/session.service.js';
import type { Visit } from '../../sessions/visit.js';
import { duplicateId, encodeMalformed, type IncomingMessages, toMessages } from '../incoming-messages.js';
import type { MessageIntake } from '../message.intake.js';
import { readEnvelope, versionIn } from '../request-envelope.js';
import type { StdioStream } from './stdio.stream.js';

/** From this revision on an error leaves out an id that it does not know; before, and in JSON-RPC, it is null. */
const ID_LEFT_OUT_SINCE = '2025-11-25';

/**
 * What one host says and hears. Its requests that name a revision in `_meta` stand each for themselves; all
 * else belongs to the one session of the process. MCP 2026-07-28, Versioning, "Backward Compatibility".
 */
export class StdioConnection {
  private readonly logger = new Logger('Stdio');
  private session: Session | undefined;
  private readonly visits = new Map<RequestId, Visit>();
  private readonly answers = new Set<Promise<void>>();
  private isModern = false;

  constructor(
    private readonly stream: StdioStream,
    private readonly principal: Principal,
    private readonly sessions: SessionService,
    private readonly protocol: ProtocolService,
    private readonly intake: MessageIntake,
    private readonly limiter: CallLimiter,
    private readonly refusals: RefusalLog,
  ) {}

  /**
   * Takes a line, after the one before it was taken. Resolves when its messages are on their way: their
   * answers follow. Never rejects.
   */
  async take(line: Buffer): Promise<void> {
    const hold = this.intake.hold(this.principal);
    let value: unknown;
    try {
      value = await this.intake.parse(line, hold);
      const incoming = toMessages(value);
      const { messages } = incoming;
      for (const message of messages) this.assertNew(message);
      await this.limiter.admit(messages, this.principal);
      if (incoming.batched) this.takeBatch(incoming, hold);
      else await this.takeOne(messages[0]!, hold);
    } catch (error) {
      hold.release();
      // An answer to an answer that is malformed could go to and fro for ever.
      this.refuse(error, this.unusedIdIn(value), isAnswer(value));
    }
  }

  /** Tells the host, unless it is `silent`, that something was not taken; `id` where it is known. */
  refuse(thrown: unknown, id?: RequestId, silent = false): void {
    const error = asRefusal(thrown);
    const reason = error instanceof RequestRefused ? error.reason : undefined;
    if (reason !== undefined) {
      this.refusals.refused(
        {},
        { event: 'message.refused', code: reason, actor: this.principal, requestId: id },
      );
    }
    const text = this.errorText(error, id);
    if (!silent) this.stream.send(text);
  }

  /** Waits until all that was taken is answered, and written. */
  async finish(): Promise<void> {
    await Promise.all(this.answers);
    await this.stream.flushed();
  }

  /** Nobody waits for an answer any more. */
  close(reason: SessionEnd): void {
    for (const visit of this.visits.values()) this.sessions.close(visit, reason);
    if (this.session !== undefined) this.sessions.close(this.session, reason);
  }

  private async takeOne(message: JsonRpcMessage, hold: ByteHold): Promise<void> {
    if (message.kind !== 'request') {
      hold.release();
      const peer = this.addresseeOf(message);
      // Whatever it causes: the next line is not kept waiting.
      if (peer !== undefined)
        this.handle(message, peer).catch((error) => this.refuse(error, undefined, true));
    } else if (versionIn(message) !== undefined) this.answer(this.serveVisit(message, hold), hold);
    else this.answer(this.serve(message, await this.openSession(), hold), hold);
  }

  /** MCP 2025-03-26, Base Protocol, "Batching". */
  private takeBatch({ messages, malformed }: IncomingMessages, hold: ByteHold): void {
    const { session } = this;
    if (session?.initialized !== true || session.protocolVersion !== '2025-03-26') throw batchesUnsupported();
    const replies = messages.map((message) =>
      message.kind === 'request' ? this.serve(message, session) : this.handle(message, session),
    );
    const errors = malformed
      .filter((message) => !message.isAnswer)
      .map((message) =>
        encodeMalformed(message.id !== null && this.isInUse(message.id) ? { ...message, id: null } : message),
      );
    this.answer(
      Promise.all(replies).then((texts) => {
        const sent = [...texts, ...errors].filter((text) => text !== undefined);
        return sent.length === 0 ? undefined : `[${sent.join(',')}]`;
      }),
      hold,
    );
  }

  private answer(reply: Promise<string | undefined>, hold: ByteHold): void {
    const answered = this.send(reply);
    this.answers.add(answered);
    void answered.finally(() => {
      hold.release();
      this.answers.delete(answered);
    });
  }

  private async send(reply: Promise<string | undefined>): Promise<void> {
    const text = await reply;
    if (text !== undefined) this.stream.send(text);
  }

  private async serveVisit(request: JsonRpcRequest, hold: ByteHold): Promise<string | undefined> {
    this.isModern = true;
    try {
      const visit = this.sessions.receive(this.principal, readEnvelope(request.params));
      this.visits.set(request.id, visit);
      try {
        return await this.serve(request, visit, hold);
      } finally {
        this.visits.delete(request.id);
        this.sessions.leave(visit);
      }
    } catch (error) {
      return this.errorText(error, request.id);
    }
  }

  /** The answer to a request, also where it is an error. */
  private async serve(request: JsonRpcRequest, peer: Peer, hold?: ByteHold): Promise<string | undefined> {
    let endCalls: (() => void) | undefined;
    try {
      if (this.sessions.isDraining) throw shuttingDown();
      const scopes = this.protocol.scopesToAskFor(request, peer, this.principal);
      if (scopes !== undefined) throw lackingScopes(scopes);
      endCalls = this.limiter.begin([request], this.principal, undefined, peer);
      return await this.handle(request, peer, hold);
    } catch (error) {
      return this.errorText(error, request.id);
    } finally {
      endCalls?.();
    }
  }

  private async handle(message: JsonRpcMessage, peer: Peer, hold?: ByteHold): Promise<string | undefined> {
    const { principal, stream: outlet } = this;
    const reply: Reply | undefined = await this.protocol.handle(message, { peer, principal, outlet, hold });
    return reply?.text;
  }

  private async openSession(): Promise<Session> {
    if (this.session === undefined) {
      this.session = await this.sessions.open(this.principal, 'stdio');
      this.session.attach(this.stream);
      this.sessions.opened(this.session);
    }
    return this.session;
  }

  /** Cancellation is of one request, and that may be a visit's. */
  private addresseeOf(message: JsonRpcMessage): Peer | undefined {
    const cancelled = message.kind === 'notification' ? message.params['requestId'] : undefined;
    return (isRequestId(cancelled) ? this.visits.get(cancelled) : undefined) ?? this.session;
  }

  private assertNew(message: JsonRpcMessage): void {
    if (message.kind === 'request' && this.isInUse(message.id)) throw duplicateId();
  }

  private isInUse(id: RequestId): boolean {
    return this.visits.has(id) || this.session?.calls.has(id) === true;
  }

  /** So that the host need not wait for the answer to a request that could not be read. */
  private unusedIdIn(value: unknown): RequestId | undefined {
    const id = isObject(value) && Object.hasOwn(value, 'method') ? value['id'] : undefined;
    return isRequestId(id) && !this.isInUse(id) ? id : undefined;
  }

  private errorText(thrown: unknown, id: RequestId | undefined): string {
    const error = asRefusal(thrown);
    const to = id ?? (this.revision >= ID_LEFT_OUT_SINCE ? undefined : null);
    if (error instanceof ProtocolError) return encodeError(to, error.code, error.message, error.data);
    if (error instanceof RequestRefused) return encodeError(to, error.code, error.message);
    this.logger.error({ event: 'message.failed', err: error });
    return encodeError(to, ErrorCode.InternalError, 'Internal error');
  }

  /** What the host is known to speak; empty where nothing is known yet. */
  private get revision(): string {
    if (this.session?.initialized === true) return this.session.protocolVersion;
    return this.isModern ? STATELESS_VERSION : '';
  }
}

function lackingScopes(scopes: readonly string[]): ProtocolError {
  const message = `This server was started without the scopes that this needs: ${scopes.join(' ')}`;
  return new ProtocolError(ErrorCode.InvalidRequest, message);
}
