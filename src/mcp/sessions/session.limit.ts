import { RefusedError } from '../messages/refused.error.js';
import type { Session } from './session.js';
import type { SessionStore } from './session.store.js';

/**
 * Counts the sessions of each user. At the limit, the oldest session of the user on this node that is not in
 * use ends for the new one: most clients do not end theirs (the `close()` of both SDKs sends no DELETE).
 */
export class SessionLimit {
  /** Sessions whose client has neither a stream nor the answer to its `initialize` yet. */
  private readonly opening = new Map<Session, PromiseWithResolvers<void>>();

  constructor(
    private readonly ledger: SessionStore,
    private readonly onThisNode: () => readonly Session[],
    /** Ends a session; resolves when it no longer counts. */
    private readonly evict: (session: Session) => Promise<void>,
  ) {}

  /** The caller reports later that the session is {@link opened}. Rejects with 429 where all sessions of the user are in use. */
  async enter(session: Session): Promise<void> {
    for (;;) {
      this.opening.set(session, Promise.withResolvers());
      try {
        return await this.ledger.enter(session);
      } catch (error) {
        this.opened(session);
        if (!(error instanceof RefusedError) || !(await this.makeRoom(session))) throw error;
      }
    }
  }

  /** The client has its stream or the answer to `initialize`, or the session has ended. */
  opened(session: Session): void {
    this.opening.get(session)?.resolve();
    this.opening.delete(session);
  }

  /** False: all sessions of the user are in use. */
  private async makeRoom({ principal }: Session): Promise<boolean> {
    const user = principal.userKey;
    const isOfUser = (session: Session): boolean => session.principal.userKey === user;
    const [oldest] = this.onThisNode()
      .filter((session) => session.isEvictable && !this.opening.has(session) && isOfUser(session))
      .toSorted((a, b) => a.openedAt - b.openedAt);
    if (oldest !== undefined) {
      await this.evict(oldest);
      return true;
    }
    // A session that is just opening is either in use, or can be ended a moment later.
    const opening = [...this.opening].filter(([session]) => isOfUser(session));
    if (opening.length === 0) return false;
    await Promise.race(opening.map(([, { promise }]) => promise));
    return true;
  }
}
