import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Peer } from './peer.js';
import { Session } from './session.js';
import { isShared } from './session.expiry.js';
import { SessionService } from './session.service.js';

const POLL_MS = 20;
/** Interval at which streams are ended one after the other: one or more each time. Milliseconds. */
const SPREAD_MS = 50;
/** Time for an aborted call to be answered. */
const MAX_SETTLE_MS = 500;

/** Ends the sessions of this node in order before the process exits. */
@Injectable()
export class SessionDrain {
  private readonly logger = new Logger('Session');

  constructor(private readonly sessions: SessionService) {}

  /**
   * Ends the open streams one after the other within `ms`, so that their clients do not all reconnect to another node
   * at once. Meanwhile the node serves all requests; a stream that opens during this time also ends. Resolves when no
   * stream is open and no call is in flight.
   */
  async spread(ms: number): Promise<void> {
    const deadline = Date.now() + ms;
    this.logger.log({ event: 'drain.spreading', sessions: this.sessions.size, calls: this.pendingCalls() });
    for (;;) {
      const endings = this.sessions.peers().flatMap(endingsOf);
      const leftMs = deadline - Date.now();
      if ((endings.length === 0 && this.pendingCalls() === 0) || leftMs <= 0) return;
      for (const end of endings.slice(0, Math.ceil((endings.length * SPREAD_MS) / leftMs)))
        end(this.sessions);
      await sleep(SPREAD_MS);
    }
  }

  /**
   * Accepts no new session or call, waits up to `graceMs` for the calls in flight, answers the remaining
   * ones with a JSON-RPC error, and ends every stream.
   */
  async run(graceMs: number): Promise<void> {
    const deadline = Date.now() + graceMs;
    this.sessions.isDraining = true;
    this.logger.log({ event: 'drain.begun', sessions: this.sessions.size, calls: this.pendingCalls() });
    while (this.pendingCalls() > 0 && Date.now() < deadline) await sleep(POLL_MS);
    const abandoned = this.pendingCalls();
    for (const peer of this.sessions.peers()) peer.abortCalls('shutdown');
    // The errors of the aborted calls are sent as their promises settle, before the stream ends.
    const settled = Date.now() + MAX_SETTLE_MS;
    while (this.pendingCalls() > 0 && Date.now() < settled) await sleep(1);
    await sleep(0);
    this.sessions.closeAll('shutdown');
    this.logger.log({ event: 'drain.ended', abandoned });
  }

  private pendingCalls(): number {
    return this.sessions.peers().reduce((count, peer) => count + pendingIn(peer), 0);
  }
}

type Ending = (sessions: SessionService) => void;

function pendingIn({ calls }: Peer): number {
  let count = 0;
  for (const { isStanding } of calls.values()) if (isStanding !== true) count += 1;
  return count;
}

/** The streams of a peer that no call in flight uses. A session over `/sse` ends with its stream. */
function endingsOf(peer: Peer): readonly Ending[] {
  if (!(peer instanceof Session)) {
    const standing = [...peer.calls.values()].filter(({ isStanding }) => isStanding === true);
    return standing.map((call) => () => call.abort('shutdown'));
  }
  if (!peer.hasStream) return [];
  if (isShared(peer)) return [() => peer.endStanding('shutdown')];
  return pendingIn(peer) > 0 ? [] : [(sessions) => sessions.close(peer, 'shutdown')];
}
