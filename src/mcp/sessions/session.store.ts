import { Inject, Injectable } from '@nestjs/common';
import { RecordStore, ReplayLog, SlotCounter } from '../../backplane/index.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import type { SessionTransport } from './peer.js';
import type { Principal } from '../authorization/principal.js';
import { RefusedError } from '../messages/refused.error.js';
import type { Session } from './session.js';
import type { SessionRecord } from './session.record.js';

/** The record of a stream's session outlives its node by this much; it is renewed three times as often. */
const STREAM_TTL_MS = 60_000;
export const RENEW_MS = STREAM_TTL_MS / 3;

/** What all nodes know of the sessions: a record for each, and how many a user has. */
@Injectable()
export class SessionStore {
  constructor(
    @Inject(RecordStore) private readonly records: RecordStore,
    @Inject(ReplayLog) private readonly replay: ReplayLog,
    @Inject(SlotCounter) private readonly slots: SlotCounter,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /** Rejects with 429 when the user has as many sessions as one may, whichever programs opened them. */
  async enter(session: Session): Promise<void> {
    const { id, principal } = session;
    const limit = this.options.sessionsPerPrincipal;
    const ttlMs = this.ttlOf(session.transport);
    if (!(await this.slots.acquire(slotsOf(principal), id, limit, ttlMs))) throw tooManySessions();
    await this.save(session);
  }

  /** Writes down what has been agreed with the client since. */
  save(session: Session): Promise<void> {
    return this.records.put(keyOf(session.id), session.record, this.ttlOf(session.transport));
  }

  async read(id: string): Promise<SessionRecord | undefined> {
    return (await this.records.get(keyOf(id))) as SessionRecord | undefined;
  }

  /** Renews what this node holds, and writes it again where the backplane has forgotten it. */
  async renew(session: Session): Promise<void> {
    const { id, principal } = session;
    const ttlMs = this.ttlOf(session.transport);
    if (!(await this.records.extend(keyOf(id), ttlMs))) await this.save(session);
    if (!(await this.slots.renew(slotsOf(principal), id, ttlMs))) {
      await this.slots.acquire(slotsOf(principal), id, Number.POSITIVE_INFINITY, ttlMs);
    }
  }

  async leave({ id, principal }: Session): Promise<void> {
    await Promise.all([
      this.records.delete(keyOf(id)),
      this.replay.drop(id),
      this.slots.release(slotsOf(principal), id),
    ]);
  }

  /** A session without a stream lives on from use to use, whichever node it is used on. */
  private ttlOf(transport: SessionTransport): number {
    return transport === 'streamable-http' ? this.options.sessionIdleMs : STREAM_TTL_MS;
  }
}

function keyOf(id: string): string {
  return `session:${id}`;
}

function slotsOf(principal: Principal): string {
  return `sessions:${principal.userKey}`;
}

function tooManySessions(): RefusedError {
  const message = 'This user has as many sessions in use as one may; close one first';
  return new RefusedError('too_many_sessions', message, { retryAfter: 5 });
}
