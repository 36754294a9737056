import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import {
  BackplaneNode,
  BackplaneUnavailable,
  type Fields,
  Records,
  type RecordState,
  ReplayLog,
  SlotCounter,
} from '../../backplane/index.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import type { SessionEnd, SessionTransport } from './peer.js';
import type { Principal } from '../authorization/principal.js';
import { RefusedError } from '../messages/refused.error.js';
import type { Session } from './session.js';
import { fieldsOf, recordOf, type SessionRecord, TOKEN, TOKEN_ISSUED_AT } from './session.record.js';

/** The record of a stream's session outlives its node by this much; it is renewed three times as often. */
const STREAM_TTL_MS = 60_000;
export const RENEW_MS = STREAM_TTL_MS / 3;
/** For so long it is known that a session has ended. Nodes that have not heard of it find out when they renew it. */
const TOMBSTONE_MS = 600_000;
/** How many endings are written again after a loss of data. */
const MAX_ENDINGS = 10_000;
/** For so long after this node has last heard the others it goes on with what it holds. Milliseconds. */
const GRACE_MS = 10_000;
/** Where each renewal is a trip, a session that is in use is renewed once in such a time. */
const MAX_RENEWAL_MS = 10_000;
const ENDED = 'session.ended';
const REVISED = 'session.revised';

/** What all nodes know of the sessions: a record for each, and how many a user has. */
@Injectable()
export class SessionStore {
  /** The ids of the sessions that have ended here lately. */
  private readonly endings = new LRUCache<string, true>({ max: MAX_ENDINGS, ttl: TOMBSTONE_MS });

  constructor(
    @Inject(Records) private readonly records: Records,
    @Inject(ReplayLog) private readonly replay: ReplayLog,
    @Inject(SlotCounter) private readonly slots: SlotCounter,
    private readonly node: BackplaneNode,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /** Rejects with 429 when the user has as many sessions as one may, whichever programs opened them. */
  async enter(session: Session): Promise<void> {
    const { id, principal } = session;
    const limit = this.options.sessionsPerPrincipal;
    const ttlMs = this.ttlOf(session.transport);
    if (!(await this.slots.acquire(slotsOf(principal), id, limit, ttlMs))) throw tooManySessions();
    await this.create(session);
  }

  /** Writes down what has been agreed with the client since. `ended`: another node has ended it. */
  async save(session: Session): Promise<RecordState> {
    const { record } = session;
    const fields = fieldsOf(record);
    const known = session.known === undefined ? {} : fieldsOf(session.known);
    const changed = Object.entries(fields).filter(
      ([name, value]) => known[name] !== value && !isOfToken(name),
    );
    const change = {
      set: Object.fromEntries(changed),
      unset: Object.keys(known).filter((name) => fields[name] === undefined),
    };
    const newer = {
      set: { [TOKEN]: fields[TOKEN]! },
      ifHigher: [TOKEN_ISSUED_AT, record.token.issuedAt] as const,
    };
    const key = keyOf(session.id);
    const [state] = await Promise.all([
      this.records.patch(key, change, this.ttlOf(session.transport)),
      known[TOKEN] === fields[TOKEN] ? undefined : this.records.patch(key, newer),
    ]);
    session.known = record;
    if (state === 'missing') return this.create(session);
    if (state === 'ended') return state;
    if (!this.node.membership.isAlone) await this.node.bus.publish(REVISED, { id: session.id });
    return 'ok';
  }

  /** Whether what this node holds is what all nodes know: another one would have told of a change. */
  isCurrent(session: Session): boolean {
    const { membership, bus } = this.node;
    return !membership.isAlone && bus.isLive && !session.isStale;
  }

  /** Whether another node may have changed what this one holds. */
  isStale(session: Session): boolean {
    return !this.node.membership.isAlone && session.transport === 'streamable-http' && session.isStale;
  }

  /** Takes over what another node has changed. Rejects with `BackplaneUnavailable`. */
  async refresh(session: Session): Promise<void> {
    const heard = session.changesHeard;
    const record = await this.read(session.id);
    if (typeof record === 'object' && !session.isDirty) session.restore(record, heard);
  }

  /** Calls back for each session that any node has changed, and without a name where all may have been. */
  onRevised(listener: (id?: string) => void): () => void {
    const { bus } = this.node;
    const stops = [
      bus.on(REVISED, (body) => listener((body as { id: string }).id)),
      bus.onGap(() => listener()),
    ];
    return () => stops.forEach((stop) => stop());
  }

  /**
   * Undefined: there was no such session. Where its record can't be read now, what this node holds of it is good for a
   * while; otherwise rejects with `BackplaneUnavailable`.
   */
  async read(id: string, held?: Session): Promise<SessionRecord | 'ended' | undefined> {
    let fields: Fields | 'ended' | undefined;
    try {
      fields = await this.records.read(keyOf(id));
    } catch (error) {
      const isExcused = error instanceof BackplaneUnavailable && this.node.bus.lagMs < GRACE_MS;
      if (isExcused && held?.known !== undefined && !held.isStale) return held.known;
      throw error;
    }
    if (fields === undefined && !this.node.membership.isSteady) {
      throw new BackplaneUnavailable('its data may be on its way back');
    }
    return fields === undefined || fields === 'ended' ? fields : recordOf(fields);
  }

  /** Renews what this node holds, and writes it again where the backplane has forgotten it. `ended`: another node has ended it. */
  async renew(session: Session): Promise<RecordState> {
    const { id, principal } = session;
    if (Date.now() - session.renewedAt < this.renewalMs) return 'ok';
    session.renewedAt = Date.now();
    const ttlMs = this.ttlOf(session.transport);
    const [state] = await this.records.extend([keyOf(id)], ttlMs);
    if (state === 'ended') return state;
    if (state === 'missing' && (await this.create(session)) === 'ended') return 'ended';
    if (!(await this.slots.renew(slotsOf(principal), id, ttlMs))) {
      await this.slots.acquire(slotsOf(principal), id, Number.POSITIVE_INFINITY, ttlMs);
    }
    return 'ok';
  }

  /** Ends it on all nodes. */
  async leave({ id, principal }: Session, reason: SessionEnd): Promise<void> {
    this.endings.set(id, true);
    await Promise.all([
      this.records.end(keyOf(id), TOMBSTONE_MS),
      this.replay.drop(id),
      this.slots.release(slotsOf(principal), id),
    ]);
    await this.node.bus.publish(ENDED, { id, reason });
  }

  /** Calls back where the records may be lost, after the endings of this node were written again. */
  onReplaced(listener: () => void): () => void {
    return this.node.membership.on('replaced', () => {
      for (const id of this.endings.keys()) this.records.end(keyOf(id), TOMBSTONE_MS).catch(() => undefined);
      listener();
    });
  }

  /** Calls back where the other nodes have taken this one for gone. */
  onFenced(listener: () => void): () => void {
    return this.node.membership.on('fenced', listener);
  }

  /** Calls back for each session that any node has ended. Returns the way to stop listening. */
  onEnded(listener: (id: string, reason: SessionEnd) => void): () => void {
    return this.node.bus.on(ENDED, (body) => {
      const { id, reason } = body as { id: string; reason: SessionEnd };
      listener(id, reason);
    });
  }

  /** `ended`: there is a tombstone. Another node may have written it again before. */
  private async create(session: Session): Promise<RecordState> {
    const { record } = session;
    const key = keyOf(session.id);
    const node = session.transport === 'http-sse' ? this.node.membership.self : undefined;
    const fields = fieldsOf({ ...record, node });
    const isCreated = await this.records.create(key, fields, this.ttlOf(session.transport));
    session.known = record;
    return !isCreated && (await this.records.read(key)) === 'ended' ? 'ended' : 'ok';
  }

  /** A session without a stream lives on from use to use, whichever node it is used on. */
  private ttlOf(transport: SessionTransport): number {
    return transport === 'streamable-http' ? this.options.sessionIdleMs + this.renewalMs : STREAM_TTL_MS;
  }

  /** How much later than its last use a session may be renewed. */
  private get renewalMs(): number {
    return this.node.membership.isAlone ? 0 : Math.min(MAX_RENEWAL_MS, this.options.sessionIdleMs / 6);
  }
}

function isOfToken(name: string): boolean {
  return name === TOKEN || name === TOKEN_ISSUED_AT;
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
