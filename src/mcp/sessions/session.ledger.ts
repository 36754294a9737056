import { Inject, Injectable } from '@nestjs/common';
import { RecordStore, ReplayLog, SlotCounter } from '../../backplane/index.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import type { Principal } from './principal.js';
import { tooManySessions } from './request-refused.js';
import type { Session } from './session.js';

/** A record outlives its node by this much; it is renewed three times as often. */
const RECORD_TTL_MS = 60_000;
export const RENEW_MS = RECORD_TTL_MS / 3;

/** What all nodes know of the sessions: a record for each, and how many a principal has. */
@Injectable()
export class SessionLedger {
  constructor(
    @Inject(RecordStore) private readonly records: RecordStore,
    @Inject(ReplayLog) private readonly replay: ReplayLog,
    @Inject(SlotCounter) private readonly slots: SlotCounter,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /** Rejects with 429 when the principal has as many sessions as it may. */
  async enter(id: string, principal: Principal): Promise<void> {
    const limit = this.options.sessionsPerPrincipal;
    const entered = await this.slots.acquire(slotsOf(principal), id, limit, RECORD_TTL_MS);
    if (!entered) throw tooManySessions();
    await this.records.put(keyOf(id), recordOf(principal), RECORD_TTL_MS);
  }

  /** Renews what this node holds, and writes it again where the backplane has forgotten it. */
  async renew(session: Session): Promise<void> {
    const { id, principal } = session;
    if (!(await this.records.extend(keyOf(id), RECORD_TTL_MS))) {
      await this.records.put(keyOf(id), recordOf(principal), RECORD_TTL_MS);
    }
    if (!(await this.slots.renew(slotsOf(principal), id, RECORD_TTL_MS))) {
      await this.slots.acquire(slotsOf(principal), id, Number.POSITIVE_INFINITY, RECORD_TTL_MS);
    }
  }

  async leave(id: string, principal: Principal): Promise<void> {
    await Promise.all([
      this.records.delete(keyOf(id)),
      this.replay.drop(id),
      this.slots.release(slotsOf(principal), id),
    ]);
  }
}

function recordOf(principal: Principal): Readonly<Record<string, unknown>> {
  return { principal: principal.key, openedAt: Date.now() };
}

function keyOf(id: string): string {
  return `session:${id}`;
}

function slotsOf(principal: Principal): string {
  return `sessions:${principal.key}`;
}
