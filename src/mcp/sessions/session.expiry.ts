import { denies, type RevocableToken, type RevocationStore } from '../../backplane/index.js';
import type { Principal } from '../authorization/principal.js';
import type { McpModuleOptions } from '../mcp.options.js';
import type { Peer, SessionEnd } from './peer.js';
import { Session } from './session.js';
import type { SessionStore } from './session.store.js';

/** Number of sessions that are saved again at the same time. */
const RESTORED_AT_ONCE = 500;

/** `here`: only on this node; the session continues, or has ended, on other nodes. */
export type EndScope = 'here' | 'everywhere';

/** The operations of the node that {@link SessionExpiry} uses. */
export interface ExpiringPeers {
  peers(): readonly Peer[];
  get(id: string): Session | undefined;
  end(peer: Peer, reason: SessionEnd, where?: EndScope): Promise<void>;
  /** Removes a session from this node; other nodes may use it. */
  evict(session: Session): void;
}

/** Whether other nodes may serve the session. A session over `/sse` belongs to the node of its stream. */
export function isShared(peer: Peer): peer is Session {
  return peer instanceof Session && peer.transport === 'streamable-http';
}

/** Ends peers that have expired, whose token was revoked, or that another node has ended. */
export class SessionExpiry {
  /** Sessions whose record is being read for a newer token. */
  private readonly doubted = new Set<Session>();

  constructor(
    private readonly store: SessionStore,
    private readonly options: McpModuleOptions,
    private readonly node: ExpiringPeers,
  ) {}

  /** Subscribes to revocations and to the other nodes. Returns the function that unsubscribes. */
  listen(revocations: RevocationStore): () => void {
    const stops = [
      revocations.onRevoked((revocation) => this.endRevoked((token) => denies(revocation, token))),
      this.store.onEnded((id, reason) => {
        const session = this.node.get(id);
        if (session !== undefined) void this.node.end(session, reason, 'here');
      }),
      this.store.onReplaced(() => void this.restore()),
      this.store.onFenced(() => this.fence()),
      this.store.onRevised((id) => {
        const changed = id === undefined ? this.node.peers() : [this.node.get(id)];
        for (const peer of changed) if (peer instanceof Session) peer.changesHeard += 1;
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }

  /** Saves all sessions of this node again, in batches. */
  private async restore(): Promise<void> {
    const held = this.node.peers().filter((peer) => peer instanceof Session);
    for (let at = 0; at < held.length; at += RESTORED_AT_ONCE) {
      const some = held.slice(at, at + RESTORED_AT_ONCE);
      await Promise.all(some.map((session) => this.restoreOne(session)));
    }
  }

  private async restoreOne(session: Session): Promise<void> {
    try {
      const state = await this.store.renew(session);
      if (state === 'ended') await this.node.end(session, 'deleted', 'here');
    } catch {
      // A session in use is renewed again later.
    }
  }

  /**
   * The other nodes considered this node gone: they responded with 404 to its clients of /sse. What changed in its other
   * sessions it hears from the bus, which tells of a gap where it is too late for that.
   */
  private fence(): void {
    for (const peer of this.node.peers()) {
      if (peer instanceof Session && !isShared(peer)) void this.node.end(peer, 'closed_by_server');
    }
  }

  /** Ends the peers that have expired. */
  endDue(now: number): void {
    for (const peer of this.node.peers()) {
      const reason = this.dueEnd(peer, now);
      if (reason === 'idle') void this.evictIdle(peer as Session);
      else if (reason === 'token_expired' && isShared(peer)) {
        void this.endUnlessRefreshed(peer, reason, ({ expiresAt }) => expiresAt <= now);
      } else if (reason !== undefined) void this.node.end(peer, reason);
    }
  }

  /** Ends the calls and streams of a revoked token, and the peers that have sent no newer one. */
  private endRevoked(revoked: (token: RevocableToken) => boolean): void {
    for (const peer of this.node.peers()) {
      const isOver = peer.isEndedBy(revoked);
      if (isOver && !isShared(peer)) void this.node.end(peer, 'token_revoked');
      else peer.endRevoked(revoked);
      if (isOver && isShared(peer)) void this.endUnlessRefreshed(peer, 'token_revoked', revoked);
    }
  }

  /** The newest token on this node has expired or was revoked. The client may have sent a newer one to another node. */
  private async endUnlessRefreshed(
    session: Session,
    reason: SessionEnd,
    isOver: (token: Principal) => boolean,
  ): Promise<void> {
    if (this.doubted.has(session)) return;
    this.doubted.add(session);
    const { principal } = session;
    let where: EndScope = 'everywhere';
    try {
      const record = await this.store.read(session.id);
      if (typeof record === 'object' && !isOver(record.token)) session.adoptToken(record.token);
    } catch {
      // The record cannot be read now. If the client sends a newer token, the session is loaded again.
      where = 'here';
    }
    this.doubted.delete(session);
    if (session.principal === principal) await this.node.end(session, reason, where);
  }

  private dueEnd(peer: Peer, now: number): SessionEnd | undefined {
    if (peer.endsAt <= now) return 'token_expired';
    if (!(peer instanceof Session)) return undefined;
    const { sessionMaxMs, sessionIdleMs } = this.options;
    if (peer.openedAt + sessionMaxMs <= now) return 'max_age';
    return peer.idleSince !== undefined && peer.idleSince + sessionIdleMs <= now ? 'idle' : undefined;
  }

  /** Idle on this node: the session ends, unless its record shows that another node uses it. */
  private async evictIdle(session: Session): Promise<void> {
    const isInUse = await this.store.mayBeInUse(session.id);
    if (session.idleSince === undefined) return;
    if (isInUse) this.node.evict(session);
    else await this.node.end(session, 'idle');
  }
}
