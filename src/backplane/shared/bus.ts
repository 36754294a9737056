import { Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { LogEntry, LogFollower, Logs, Offset } from '../logs.js';
import type { NodeFeed } from './node-feed.js';

const LOG = 'bus';
const BOUND = { entries: 10_000, ttlMs: 600_000 };
/** What was read stays in the node's memory, so that most resumptions ask nothing of the engine. */
const RING = 1_000;
/** Less than the second that a revocation may take. A trip to the engine may take half of one. */
const LIVE_MS = 850;

/** Each start of a node is a sender of its own. */
const MAX_SENDERS = 10_000;

/** What a node has told all nodes. */
export interface BusMessage {
  readonly topic: string;
  readonly body: unknown;
  readonly offset: Offset;
}

type BusHandler = (body: unknown, offset: Offset) => void;

/** Tells every node, the sender among them, in the order in which the engine has taken the messages in. */
export class Bus implements LogFollower {
  private readonly logger = new Logger('Backplane');
  private readonly handlers = new Map<string, Set<BusHandler>>();
  private readonly gapListeners = new Set<() => void>();
  /** The last number that was heard of each sender. */
  private readonly heard = new LRUCache<string, number>({ max: MAX_SENDERS });
  private readonly ring: BusMessage[] = [];
  private published = 0;

  constructor(
    private readonly logs: Logs,
    private readonly feed: NodeFeed,
    private readonly self: string,
  ) {
    feed.follow(LOG, this);
  }

  /** `body` is what survives a trip through JSON. Rejects with `BackplaneUnavailable`; it may be heard all the same. */
  async publish(topic: string, body: unknown): Promise<Offset> {
    this.published += 1;
    const fields = { f: this.self, q: String(this.published), t: topic, m: JSON.stringify(body) };
    return (await this.logs.append(LOG, fields, BOUND))!;
  }

  /** What is thrown by `handler` is logged. Returns the way to stop listening. */
  on(topic: string, handler: BusHandler): () => void {
    const handlers = this.handlers.get(topic) ?? new Set();
    this.handlers.set(topic, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  /** Messages may have been missed; those that were heard may come again. */
  onGap(listener: () => void): () => void {
    this.gapListeners.add(listener);
    return () => this.gapListeners.delete(listener);
  }

  /** Everything that was published a second ago has been heard here. */
  get isLive(): boolean {
    return this.lagMs < LIVE_MS;
  }

  /** Everything that was published this many milliseconds ago has been heard here. */
  get lagMs(): number {
    return this.feed.lagMs;
  }

  /** The newest message that was heard here; undefined: none yet. */
  get newest(): Offset | undefined {
    return this.ring.at(-1)?.offset;
  }

  /** All messages after `offset`. Undefined: it is not known any more, so something may be missing. */
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

  /** A number that was left out is a message that the engine has lost, as a replica that is promoted may have. */
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

/** Undefined: what was written there is no message of a node. */
function messageOf({ offset, fields: { t: topic, m = '' } }: LogEntry): BusMessage | undefined {
  if (topic === undefined) return undefined;
  try {
    return { topic, body: JSON.parse(m) as unknown, offset };
  } catch {
    return undefined;
  }
}
