import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { SessionService } from './session.service.js';

const POLL_MS = 20;
/** Time for an aborted call to be answered. */
const MAX_SETTLE_MS = 500;

/** Ends the sessions of this node in order before the process exits. */
@Injectable()
export class SessionDrain {
  private readonly logger = new Logger('Session');

  constructor(private readonly sessions: SessionService) {}

  /**
   * Accepts no new session or call, waits up to `graceMs` for the calls in flight, answers the remaining
   * ones with a JSON-RPC error, and ends every stream.
   */
  async run(graceMs: number): Promise<void> {
    const deadline = Date.now() + graceMs;
    this.sessions.beginDrain();
    this.logger.log({ event: 'drain.begun', sessions: this.sessions.size, calls: this.pendingCalls() });
    while (this.pendingCalls() > 0 && Date.now() < deadline) await sleep(POLL_MS);
    const abandoned = this.pendingCalls();
    for (const peer of this.sessions.peers()) peer.abortCalls('shutdown');
    // The errors of the aborted calls are sent as their promises settle, before the stream ends.
    const settled = Date.now() + MAX_SETTLE_MS;
    while (this.pendingCalls() > 0 && Date.now() < settled) await sleep(1);
    await sleep(0);
    this.sessions.closeWhere(() => true, 'shutdown');
    this.logger.log({ event: 'drain.ended', abandoned });
  }

  private pendingCalls(): number {
    const calls = this.sessions.peers().flatMap((peer) => [...peer.calls.values()]);
    return calls.filter((call) => call.isStanding !== true).length;
  }
}
