import { type BackplaneNode, boundTo, type ConcurrencyLimiter, type Records } from '../../backplane/index.js';
import { keyOf, MOVES, NODE } from './session.record.js';
import type { Session } from './session.js';

/**
 * The sessions that count for each user, over all nodes. A session counts for one node: the one that opened it. After
 * that node is gone the session does not count, until a node uses it and adopts it: it is served above the limit too.
 */
export class SessionSlots {
  constructor(
    private readonly slots: ConcurrencyLimiter,
    private readonly records: Records,
    private readonly node: BackplaneNode,
  ) {}

  /** False: the user has `limit` sessions. */
  take(session: Session, limit: number, ttlMs: number): Promise<boolean> {
    return this.slots.acquire(slotsOf(session), this.holderOf(session), limit, ttlMs);
  }

  release(session: Session): Promise<void> {
    return this.slots.release(slotsOf(session), this.holderOf(session));
  }

  async renew(session: Session, ttlMs: number): Promise<void> {
    const isCounted = await this.slots.renew(slotsOf(session), this.holderOf(session), ttlMs);
    if (isCounted || session.hasLeft) return;
    await this.take(session, Number.POSITIVE_INFINITY, ttlMs);
    // It has ended meanwhile: its slot would count until its time is over.
    if (session.hasLeft) await this.release(session);
  }

  /** The node for which the session counts is gone. */
  isOrphaned({ known }: Session): boolean {
    return known?.node !== undefined && this.node.membership.stateOf(known.node) === 'gone';
  }

  /** The session counts for this node from now on. False: another node was first, or its node is not gone. */
  async adopt(session: Session): Promise<boolean> {
    const { self: node } = this.node.membership;
    const { node: before = node, moves: earlier = 0 } = session.known ?? {};
    if ((await this.node.membership.check(before)) !== 'gone') return false;
    const moves = earlier + 1;
    const change = { set: { [NODE]: node }, ifHigher: [MOVES, moves] as const };
    if ((await this.records.patch(keyOf(session.id), change)) !== 'ok') return false;
    await this.release(session);
    if (session.known !== undefined) session.known = { ...session.known, node, moves };
    return true;
  }

  private holderOf({ id, known }: Session): string {
    return boundTo(known?.node ?? this.node.membership.self, id);
  }
}

function slotsOf({ principal }: Session): string {
  return `sessions:${principal.userKey}`;
}
