import { Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { LogEntry, LogFollower, Logs, Offset } from '../logs.js';
import type { NodeFeed } from './node-feed.js';

const LOG = 'bus';
const BOUND = { entries: 10_000, ttlMs: 600_000 };
/** Messages kept in the memory of the node, so that most resumptions need no round trip. */
const RING = 1_000;
/** Less than the second within which a revocation must take effect. A round trip may take half a second. */
const LIVE_MS = 850;

/** A new sender for each start of a node. */
const MAX_SENDERS = 10_000;

/** A message of a node to all nodes. */
export interface BusMessage {
  readonly topic: string;
  readonly body: unknown;
  readonly offset: Offset;
}

type BusHandler = (body: unknown, offset: Offset) => void;

/** Delivers messages to every node, including the sender, in the order in which the engine accepted them. */
export class Bus implements LogFollower {
  private readonly logger = new Logger('Backplane');
  private readonly handlers = new Map<string, Set<BusHandler>>();
  private readonly gapListeners = new Set<() => void>();
  /** The last number received from each sender. */
  private readonly heard = new LRUCache<string, number>({ max: MAX_SENDERS });
  private readonly ring: BusMessage[] = [];
  private published = 0;
  /** When the bus was last found live; milliseconds since the epoch. */
  private liveAt = 0;

  constructor(
    private readonly logs: Logs,
    private readonly feed: NodeFeed,
    private readonly self: string,
  ) {
    feed.follow(LOG, this);
  }

  /** `body`: a JSON value. Rejects with `BackplaneUnavailable`; the message may still be delivered. */
  async publish(topic: string, body: unknown): Promise<Offset> {
    this.published += 1;
    const fields = { f: this.self, q: String(this.published), t: topic, m: JSON.stringify(body) };
    return (await this.logs.append(LOG, fields, BOUND))!;
  }

  /** Errors of `handler` are logged. Returns the function that unsubscribes. */
  on(topic: string, handler: BusHandler): () => void {
    const handlers = this.handlers.get(topic) ?? new Set();
    this.handlers.set(topic, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  /** Calls back when messages may have been missed. Messages may also be delivered again. */
  onGap(listener: () => void): () => void {
    this.gapListeners.add(listener);
    return () => this.gapListeners.delete(listener);
  }

  /** All messages published a second ago have been received. */
  get isLive(): boolean {
    return this.isLiveAt(Date.now());
  }

  /** As {@link isLive}; `now` was read just before, in milliseconds since the epoch. One answer serves 1 ms. */
  isLiveAt(now: number): boolean {
    if (now === this.liveAt) return true;
    const isLive = this.lagMs < LIVE_MS;
    if (isLive) this.liveAt = now;
    return isLive;
  }

  /** All messages published this many milliseconds ago have been received. */
  get lagMs(): number {
    return this.feed.lagMs;
  }

  /** The newest message received; undefined: none yet. */
  get newest(): Offset | undefined {
    return this.ring.at(-1)?.offset;
  }

  /** All messages after `offset`. Undefined: `offset` is no longer known, so messages may be missing. */
  async since(offset: Offset): Promise<readonly BusMessage[] | undefined> {
    const at = this.ring.findIndex((message) => message.offset === offset);
    if (at !== -1) return this.ring.slice(at + 1);
    const entries = await this.logs.after(LOG, offset, BOUND.entries);
    return entries?.map(messageOf).filter((message) => message !== undefined);
  }

  take(_log: string, batch: readonly LogEntry[]): void {
    for (const entry of batch) {
      this.noteSender(entry);
      const message = messageOf(entry);
      if (message === undefined) continue;
      this.ring.push(message);
      this.deliver(message);
    }
    if (this.ring.length > 2 * RING) this.ring.splice(0, this.ring.length - RING);
  }

  gap(): void {
    this.logger.warn({ event: 'backplane.gap', log: LOG });
    this.ring.length = 0;
    this.heard.clear();
    for (const listener of this.gapListeners) listener();
  }

  /** A skipped number is a message that the engine has lost, for example at the promotion of a replica. */
  private noteSender({ fields: { f: sender = '', q = '0' } }: LogEntry): void {
    const before = this.heard.get(sender);
    const number = Number(q);
    const isHole = before !== undefined && number > before + 1;
    if (isHole) this.gap();
    this.heard.set(sender, Math.max(number, before ?? 0));
  }

  private deliver({ topic, body, offset }: BusMessage): void {
    for (const handler of this.handlers.get(topic) ?? []) {
      try {
        handler(body, offset);
      } catch (error) {
        this.logger.error({ event: 'backplane.handler_failed', topic, err: error });
      }
    }
  }
}

/** Undefined: the entry is not a message of a node. */
function messageOf({ offset, fields: { t: topic, m = '' } }: LogEntry): BusMessage | undefined {
  if (topic === undefined) return undefined;
  try {
    return { topic, body: JSON.parse(m) as unknown, offset };
  } catch {
    return undefined;
  }
}
