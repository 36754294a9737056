import { denies, type RevocableToken, type RevocationStore } from '../../backplane/index.js';
import type { Principal } from '../authorization/principal.js';
import type { McpModuleOptions } from '../mcp.options.js';
import type { Peer, SessionEnd } from './peer.js';
import { Session } from './session.js';
import type { SessionStore } from './session.store.js';

/** How many sessions are written down again at a time. */
const RESTORED_AT_ONCE = 500;

/** `here`: the session lives on, or has ended, on other nodes. */
export type EndScope = 'here' | 'everywhere';

/** What {@link SessionExpiry} needs of the node. */
export interface ExpiringPeers {
  peers(): readonly Peer[];
  get(id: string): Session | undefined;
  end(peer: Peer, reason: SessionEnd, where?: EndScope): Promise<void>;
  /** This node forgets a session that others may use. */
  evict(session: Session): void;
}

/** Whether other nodes may use its record. The other sessions live and die with a stream on one node. */
export function isShared(peer: Peer): peer is Session {
  return peer instanceof Session && peer.transport === 'streamable-http';
}

/** Ends peers whose time has come, whose token was revoked, or that another node has ended. */
export class SessionExpiry {
  /** Sessions whose record is asked for a newer token. */
  private readonly doubted = new Set<Session>();

  constructor(
    private readonly store: SessionStore,
    private readonly options: McpModuleOptions,
    private readonly node: ExpiringPeers,
  ) {}

  /** Hears of revocations and of other nodes. Returns the way to stop listening. */
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

  /** Writes down again what this node holds, some at a time. */
  private async restore(): Promise<void> {
    const held = this.node.peers().filter((peer) => peer instanceof Session);
    for (let at = 0; at < held.length; at += RESTORED_AT_ONCE) {
      const some = held.slice(at, at + RESTORED_AT_ONCE);
      await Promise.all(some.map((session) => this.restoreOne(session)));
    }
  }

  private async restoreOne(session: Session): Promise<void> {
    session.renewedAt = 0;
    try {
      const state = await this.store.renew(session);
      if (state === 'ended') await this.node.end(session, 'deleted', 'here');
    } catch {
      // It is renewed again while it is in use.
    }
  }

  /** The other nodes have told its clients of /sse that their sessions are gone; what else it holds may be old. */
  private fence(): void {
    for (const peer of this.node.peers()) {
      if (!(peer instanceof Session)) continue;
      if (isShared(peer)) peer.changesHeard += 1;
      else void this.node.end(peer, 'closed_by_server');
    }
  }

  /** Ends what has come to its time. */
  endDue(now: number): void {
    for (const peer of this.node.peers()) {
      const reason = this.dueEnd(peer, now);
      if (reason === 'idle') void this.evictIdle(peer as Session);
      else if (reason === 'token_expired' && isShared(peer)) {
        void this.endUnlessRefreshed(peer, reason, ({ expiresAt }) => expiresAt <= now);
      } else if (reason !== undefined) void this.node.end(peer, reason);
    }
  }

  /** Ends what a revoked token has brought, and the peers that have shown no newer one. */
  private endRevoked(revoked: (token: RevocableToken) => boolean): void {
    for (const peer of this.node.peers()) {
      const isOver = peer.isEndedBy(revoked);
      if (isOver && !isShared(peer)) void this.node.end(peer, 'token_revoked');
      else peer.endRevoked(revoked);
      if (isOver && isShared(peer)) void this.endUnlessRefreshed(peer, 'token_revoked', revoked);
    }
  }

  /** The newest token that this node knows is over. Its owner may have shown a newer one to another node. */
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
      // That can't be known now. If its owner goes on with a newer token, it is loaded again.
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

  /** Idle on this node: it ends, unless its record says that another node uses it. */
  private async evictIdle(session: Session): Promise<void> {
    const record = await this.store.read(session.id).catch(() => 'unknown');
    if (session.idleSince === undefined) return;
    if (record === undefined || record === 'ended') await this.node.end(session, 'idle');
    else this.node.evict(session);
  }
}
