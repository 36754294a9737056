import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import {
  BackplaneNode,
  BackplaneUnavailable,
  type Fields,
  Records,
  type RecordState,
  EventStore,
  ConcurrencyLimiter,
} from '../../backplane/index.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import type { SessionEnd, SessionTransport } from './peer.js';
import { RefusedError } from '../messages/refused.error.js';
import type { Session } from './session.js';
import { fieldsOf, keyOf, recordOf, type SessionRecord, TOKEN, TOKEN_ISSUED_AT } from './session.record.js';
import { SessionSlots } from './session.slots.js';

/**
 * Time to live of the record of a session over `/sse`. It is renewed three times in that time. Whether the session lives
 * is known from its node.
 */
const STREAM_TTL_MS = 900_000;
export const RENEW_MS = STREAM_TTL_MS / 3;
/** Lifetime of a tombstone. A node that missed the end of a session finds the tombstone at its next renewal. */
const TOMBSTONE_MS = 600_000;
/** The same with one node, where only a renewal that is already running can follow. */
const ALONE_TOMBSTONE_MS = 10_000;
/** Number of endings of its own that a node writes again after a loss of data, and of those that it has heard of. */
const MAX_ENDINGS = 10_000;
/** How long a node serves the sessions that it holds after it has last reached the backplane. Milliseconds. */
const GRACE_MS = 10_000;
/** Maximum interval of renewals of a session in use. */
const MAX_RENEWAL_MS = 10_000;
const ENDED = 'session.ended';
const REVISED = 'session.revised';

/** The shared state of the sessions: a record for each, and the number of sessions of each user. */
@Injectable()
export class SessionStore {
  /** A session in use is renewed at this interval. Milliseconds. */
  readonly renewalMs: number;
  readonly membership: BackplaneNode['membership'];
  private readonly slots: SessionSlots;
  /** The sessions that have recently ended on this node, by id, and why. */
  private readonly endings = new LRUCache<string, SessionEnd>({ max: MAX_ENDINGS, ttl: TOMBSTONE_MS });
  /** The ids of sessions whose end was announced by a node. */
  private readonly announced = new LRUCache<string, true>({ maxSize: MAX_ENDINGS, sizeCalculation: () => 1 });

  constructor(
    @Inject(Records) private readonly records: Records,
    @Inject(EventStore) private readonly events: EventStore,
    @Inject(ConcurrencyLimiter) slots: ConcurrencyLimiter,
    private readonly node: BackplaneNode,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {
    this.membership = node.membership;
    this.slots = new SessionSlots(slots, records, node);
    this.renewalMs = Math.min(MAX_RENEWAL_MS, Math.floor(options.sessionIdleMs / 6));
  }

  /** Rejects with 429 when the user has reached the limit of sessions, counted over all clients of the user. */
  async enter(session: Session): Promise<void> {
    const limit = this.options.sessionsPerPrincipal;
    if (!(await this.slots.take(session, limit, this.ttlOf(session.transport)))) throw tooManySessions();
    if (this.hasRecord(session)) await this.create(session);
  }

  /** Saves what has changed in the session. `ended`: another node has ended it. */
  async save(session: Session): Promise<RecordState> {
    if (!this.hasRecord(session)) return 'ok';
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
    if (!this.membership.isAlone) await this.node.bus.publish(REVISED, { id: session.id });
    return 'ok';
  }

  /** Whether this node has the current state: another node would have announced a change. */
  isCurrent(session: Session, now = Date.now()): boolean {
    return this.membership.isAlone || (!session.isStale && this.node.bus.isLiveAt(now));
  }

  /** Whether another node may have changed the session. */
  isStale(session: Session): boolean {
    return !this.membership.isAlone && session.transport === 'streamable-http' && session.isStale;
  }

  /** Reads the changes of other nodes. Rejects with `BackplaneUnavailable`. */
  async refresh(session: Session): Promise<void> {
    const heard = session.changesHeard;
    const record = await this.read(session.id);
    if (typeof record === 'object' && !session.isDirty) session.restore(record, heard);
  }

  /** Calls back with the id of each session that a node has changed, and without an id where all may have changed. */
  onRevised(listener: (id?: string) => void): () => void {
    const { bus } = this.node;
    const stops = [
      bus.on(REVISED, (body) => listener((body as { id: string }).id)),
      bus.onGap(() => listener()),
    ];
    return () => stops.forEach((stop) => stop());
  }

  /**
   * Undefined: no such session. Where the record cannot be read now, the state on this node is used for a limited
   * time; after that rejects with `BackplaneUnavailable`.
   */
  async read(id: string, held?: Session): Promise<SessionRecord | 'ended' | undefined> {
    // A replica that was promoted may lack the tombstone.
    if (this.endings.has(id) || this.announced.has(id)) return 'ended';
    let fields: Fields | 'ended' | undefined;
    try {
      fields = await this.records.read(keyOf(id));
    } catch (error) {
      const isExcused = error instanceof BackplaneUnavailable && this.node.bus.lagMs < GRACE_MS;
      if (isExcused && held?.known !== undefined && !held.isStale) return held.known;
      throw error;
    }
    if (fields === undefined && !this.membership.isSteady) {
      throw new BackplaneUnavailable('its data may be restored soon');
    }
    return fields === undefined || fields === 'ended' ? fields : recordOf(fields);
  }

  /** Whether another node may use a session that is idle on this one. */
  async mayBeInUse(id: string): Promise<boolean> {
    if (this.membership.isAlone) return false;
    const record = await this.read(id).catch(() => 'unknown');
    return record !== undefined && record !== 'ended';
  }

  /** Renews the record, and writes it again where the backplane has lost it. `ended`: another node has ended the session. */
  async renew(session: Session): Promise<RecordState> {
    const { id } = session;
    session.renewedAt = Date.now();
    const ttlMs = this.ttlOf(session.transport);
    if (this.hasRecord(session)) {
      const [state] = await this.records.extend([keyOf(id)], ttlMs);
      if (state === 'ended') return state;
      if (state === 'missing' && (await this.create(session)) === 'ended') return 'ended';
    }
    if (this.isOrphaned(session)) await this.adopt(session);
    await this.slots.renew(session, ttlMs);
    return 'ok';
  }

  /** Ends the session on all nodes. */
  async leave(session: Session, reason: SessionEnd): Promise<void> {
    const { id } = session;
    const { isAlone } = this.membership;
    if (!isAlone) this.endings.set(id, reason);
    await Promise.all([
      this.hasRecord(session) && this.records.end(keyOf(id), isAlone ? ALONE_TOMBSTONE_MS : TOMBSTONE_MS),
      this.events.drop(id),
      this.slots.release(session),
    ]);
    if (!isAlone) await this.node.bus.publish(ENDED, { id, reason });
  }

  /** Calls back when the engine may have lost records, after this node has written its ended sessions again. */
  onReplaced(listener: () => void): () => void {
    return this.membership.on('replaced', () => {
      for (const [id, reason] of this.endings.entries()) this.endAgain(id, reason).catch(() => undefined);
      listener();
    });
  }

  /** Where the engine still has the record, a node may serve the session. */
  private async endAgain(id: string, reason: SessionEnd): Promise<void> {
    const wasThere = await this.records.end(keyOf(id), TOMBSTONE_MS);
    if (wasThere) await this.node.bus.publish(ENDED, { id, reason });
  }

  /** Calls back when the other nodes have considered this node gone. */
  onFenced(listener: () => void): () => void {
    return this.membership.on('fenced', listener);
  }

  /** Calls back for each session that a node has ended. Returns the function that unsubscribes. */
  onEnded(listener: (id: string, reason: SessionEnd) => void): () => void {
    return this.node.bus.on(ENDED, (body) => {
      const { id, reason } = body as { id: string; reason: SessionEnd };
      this.announced.set(id, true);
      listener(id, reason);
    });
  }

  /** The session counts for a node that is gone: {@link renew} makes it count again. */
  isOrphaned(session: Session): boolean {
    return this.slots.isOrphaned(session);
  }

  private async adopt(session: Session): Promise<void> {
    if (await this.slots.adopt(session)) await this.node.bus.publish(REVISED, { id: session.id });
    else await this.refresh(session);
  }

  /** A session over `/sse` belongs to the node of its stream: with one node there is no reader of a record. */
  private hasRecord({ transport }: Session): boolean {
    return transport !== 'http-sse' || !this.membership.isAlone;
  }

  /** `ended`: there is a tombstone. Another node may already have written the record again. */
  private async create(session: Session): Promise<RecordState> {
    const record = { ...session.record, node: session.known?.node ?? this.membership.self };
    const key = keyOf(session.id);
    const isCreated = await this.records.create(key, fieldsOf(record), this.ttlOf(session.transport));
    session.known = record;
    return !isCreated && (await this.records.read(key)) === 'ended' ? 'ended' : 'ok';
  }

  /** Use of a session on `/mcp`, on any node, keeps it alive. */
  private ttlOf(transport: SessionTransport): number {
    return transport === 'streamable-http' ? this.options.sessionIdleMs + this.renewalMs : STREAM_TTL_MS;
  }
}

function isOfToken(name: string): boolean {
  return name === TOKEN || name === TOKEN_ISSUED_AT;
}

function tooManySessions(): RefusedError {
  const message = 'This user has too many sessions in use: close one first';
  return new RefusedError('too_many_sessions', message, { retryAfter: 5 });
}
