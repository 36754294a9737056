import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { type RecordState, RevocationStore } from '../../backplane/index.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import type { Principal } from '../authorization/principal.js';
import type { RequestAuthorization } from '../authorization/request-authorization.js';
import { causeOf, type Peer, type SessionEnd, type SessionTransport } from './peer.js';
import { Session } from './session.js';
import { type EndScope, isShared, SessionExpiry } from './session.expiry.js';
import { SessionStore } from './session.store.js';
import { SessionLimit } from './session.limit.js';
import type { SessionRecord } from './session.record.js';
import { shuttingDown, unknownSession } from '../messages/refused.error.js';
import { type RequestEnvelope, StatelessPeer } from './stateless.peer.js';

/** Bytes, from a CSPRNG. MCP 2025-11-25, Transports, "Session Management". */
const ID_BYTES = 16;

/**
 * The sessions on this node, and the peers of requests without a session. A session belongs to the principal that opened
 * it. It ends with its stream over `/sse`, when it is idle on `/mcp`, with its newest token, and at its maximum age.
 */
@Injectable()
export class SessionService implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger('Session');
  private readonly sessions = new Map<string, Session>();
  private readonly limit: SessionLimit;
  private readonly stateless = new Set<StatelessPeer>();
  private stopListening: (() => void) | undefined;
  private readonly expiry: SessionExpiry;
  /** True from the start of the drain on: no new session or call is accepted. */
  isDraining = false;
  /** Sessions that have ended on this node. */
  private ended = 0;

  constructor(
    private readonly ledger: SessionStore,
    @Inject(RevocationStore) private readonly revocations: RevocationStore,
    @Inject(MCP_OPTIONS) options: McpModuleOptions,
  ) {
    this.limit = new SessionLimit(
      ledger,
      () => this.list(),
      (session) => this.end(session, 'evicted'),
    );
    this.expiry = new SessionExpiry(ledger, options, {
      peers: () => this.peers(),
      get: (id) => this.sessions.get(id),
      end: (peer, reason, where) => this.end(peer, reason, where),
      evict: (session) => {
        this.sessions.delete(session.id);
        session.leave();
      },
    });
  }

  onModuleInit(): void {
    this.stopListening = this.expiry.listen(this.revocations);
  }

  onModuleDestroy(): void {
    this.stopListening?.();
    this.closeAll('shutdown');
  }

  get size(): number {
    return this.sessions.size;
  }

  /** The sessions on this node, oldest first. */
  list(): readonly Session[] {
    return [...this.sessions.values()];
  }

  /** All peers: the sessions on this node, and the stateless peers. */
  peers(): readonly Peer[] {
    return [...this.sessions.values(), ...this.stateless];
  }

  /**
   * Opens a session. At the limit, the oldest session of the user on this node that is not in use ends. Rejects with
   * 429 where all are in use, with 503 during shutdown. The caller then calls {@link opened}, or closes it.
   */
  async open(principal: Principal, transport: SessionTransport): Promise<Session> {
    if (this.isDraining) throw shuttingDown();
    const id = randomBytes(ID_BYTES).toString('base64url');
    const session = new Session(id, principal, transport);
    await this.limit.enter(session);
    if (this.isDraining) {
      this.limit.opened(session);
      await this.ledger.leave(session, 'shutdown');
      throw shuttingDown();
    }
    this.sessions.set(id, session);
    this.logger.log({ event: 'session.opened', ...session.logFields });
    return session;
  }

  /**
   * Opens a session for the sender of a request: see {@link open}. The authorization is checked again when the session
   * is registered: a revocation of its token just before would otherwise miss it.
   */
  async openFor(authorization: RequestAuthorization, transport: SessionTransport): Promise<Session> {
    const session = await this.open(authorization.principal, transport);
    try {
      await authorization.reauthorize();
    } catch (error) {
      this.close(session, 'token_revoked');
      throw error;
    }
    return session;
  }

  /** The client has its stream, or the answer to `initialize`. */
  opened(session: Session): void {
    this.limit.opened(session);
  }

  /** The session with this id on this node, of any owner. */
  get(id: string): Session | undefined {
    return this.sessions.get(id);
  }

  /** The session with this id, if it is on this node; 404 unless `principal` owns it and it uses this transport. */
  find(id: string, principal: Principal, transport: SessionTransport): Session | undefined {
    const session = this.sessions.get(id);
    if (session === undefined) return undefined;
    if (session.owner !== principal.key) throw unknownSession('foreign_session');
    if (session.transport !== transport) throw unknownSession();
    return session;
  }

  /** As {@link find}; also undefined where another node may have changed it by `now`, in ms since the epoch. */
  current(id: string, principal: Principal, transport: SessionTransport, now?: number): Session | undefined {
    const session = this.find(id, principal, transport);
    return session !== undefined && this.ledger.isCurrent(session, now) ? session : undefined;
  }

  /** The session with this id on any node; 404 unless `principal` owns it and it uses this transport. */
  async load(id: string, principal: Principal, transport: SessionTransport): Promise<Session> {
    const current = this.current(id, principal, transport);
    if (current !== undefined) return current;
    const held = this.sessions.get(id);
    // The record may lack a change that is announced while it is being read.
    const heard = held?.changesHeard ?? 0;
    let record: SessionRecord | 'ended' | undefined;
    let ended: number;
    do {
      ended = this.ended;
      record = await this.ledger.read(id, held);
      // The session may have ended on this node meanwhile: its record is being ended.
    } while (typeof record === 'object' && this.ended !== ended && !this.sessions.has(id));
    if (record === undefined || record === 'ended') {
      // This node missed the announcement, and would serve the session again while it hears the other nodes.
      if (held?.transport === transport) void this.end(held, 'deleted', 'here');
      throw unknownSession();
    }
    if (record.owner !== principal.key) throw unknownSession('foreign_session');
    if (record.transport !== transport) throw unknownSession();
    let session = this.sessions.get(id);
    if (session === undefined) {
      session = new Session(id, record.token, transport);
      session.refreshToken(principal);
      this.sessions.set(id, session);
    }
    // Changes of this node are not saved yet: the record is older.
    if (!session.isDirty) session.restore(record, heard);
    return session;
  }

  /** Saves the changes of a request to a session, for the node that serves the next request. */
  async save(session: Session): Promise<void> {
    if (!this.sessions.has(session.id)) return;
    await session.flush(async () => this.heed(session, await this.ledger.save(session)));
  }

  /** A session was used: its idle time begins again. */
  renew(session: Session): void {
    session.usedAt = Date.now();
    if (session.hasLeft || session.usedAt - session.renewedAt < this.ledger.renewalMs) return;
    this.ledger.renew(session).then(
      (state) => this.heed(session, state),
      (error: unknown) => {
        this.logger.warn({ event: 'session.not_renewed', session: session.logId, err: error });
      },
    );
  }

  /** Another node has ended the session, and this node missed the announcement. */
  private heed(session: Session, state: RecordState): void {
    if (state === 'ended') void this.end(session, 'deleted', 'here');
  }

  /** Whether a peer is on this node and has not ended. */
  holds(peer: Peer): boolean {
    return peer instanceof Session ? this.sessions.has(peer.id) : this.stateless.has(peer as StatelessPeer);
  }

  /** Registers the sender of a request without a session; 503 during shutdown. */
  receive(principal: Principal, envelope: RequestEnvelope): StatelessPeer {
    if (this.isDraining) throw shuttingDown();
    const peer = new StatelessPeer(principal, envelope);
    this.stateless.add(peer);
    return peer;
  }

  /** The request of a stateless peer has been answered. */
  leave(peer: StatelessPeer): void {
    this.stateless.delete(peer);
  }

  /** Ends a session or a stateless peer: aborts its calls and closes its streams. No effect after it has ended. */
  close(peer: Peer, reason: SessionEnd): void {
    void this.end(peer, reason);
  }

  /** As {@link close}; resolves when the session no longer counts. `here`: on this node only. */
  private async end(peer: Peer, reason: SessionEnd, where: EndScope = 'everywhere'): Promise<void> {
    const isSession = peer instanceof Session;
    if (!(isSession ? this.sessions.delete(peer.id) : this.stateless.delete(peer as StatelessPeer))) return;
    peer.abortCalls(causeOf(reason, isSession));
    for (const stream of peer.streams) stream.end(reason);
    // The client continues at another node, or at this one after a restart.
    const outlives = reason === 'shutdown' && isShared(peer);
    if (isSession) await this.forget(peer, reason, outlives ? 'here' : where);
  }

  /** Ends all peers of this node; see {@link close}. */
  closeAll(reason: SessionEnd): void {
    for (const peer of this.peers()) this.close(peer, reason);
  }

  /** Ends the peers that have expired. */
  closeExpired(now = Date.now()): void {
    this.expiry.endDue(now);
  }

  private async forget(session: Session, reason: SessionEnd, where: EndScope): Promise<void> {
    this.ended += 1;
    session.leave();
    this.limit.opened(session);
    const seconds = Math.round((Date.now() - session.openedAt) / 1000);
    this.logger.log({ event: 'session.closed', reason, seconds, ...session.logFields });
    if (where === 'here') return;
    await this.ledger.leave(session, reason).catch((error: unknown) => {
      this.logger.warn({ event: 'session.record_left', session: session.logId, err: error });
    });
  }
}
