import { Injectable } from '@nestjs/common';
import { encodeRequest } from '../messages/json-rpc.js';
import type { Session } from './session.js';
import { SessionRelay } from './session.relay.js';
import { SessionService } from './session.service.js';

/** Number of unanswered pings that ends a session. */
const MAX_UNANSWERED = 2;

/** Detects clients that no longer exist although their stream is open. MCP 2025-11-25, Ping. */
@Injectable()
export class SessionPing {
  /** The ids of the pings that a client has not answered. */
  private readonly unanswered = new WeakMap<Session, Set<string>>();

  constructor(
    private readonly sessions: SessionService,
    private readonly relay: SessionRelay,
  ) {}

  /** Pings the client of a session whose stream is on this node. Ends a session that has not answered. */
  ping(session: Session): void {
    if (!session.initialized || !session.isCarriedHere) return;
    const open = this.unanswered.get(session) ?? new Set();
    this.unanswered.set(session, open);
    const heard = (): void => {
      for (const id of open) session.inputRequests.delete(id);
      open.clear();
    };
    // An answer that arrives at another node may not reach this one.
    if (!this.relay.isLive) return heard();
    if (open.size >= MAX_UNANSWERED) return this.sessions.close(session, 'unresponsive');
    const id = this.relay.newRequestId();
    open.add(id);
    session.inputRequests.set(id, { answer: heard });
    session.send(encodeRequest(id, 'ping', {}));
  }
}
