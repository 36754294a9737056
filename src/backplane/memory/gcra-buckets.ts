import { LRUCache } from 'lru-cache';
import type { RateLimit } from '../../config/index.js';
import { gcra } from '../gcra.js';
import type { RateVerdict } from '../rate-limiter.js';

/** About 20 MB when all are in use. */
const MAX_KEYS = 100_000;

/**
 * The state of GCRA for many keys in this process: the time at which the limit of each is full again, its
 * theoretical arrival time. A key whose time has passed needs no entry.
 *
 * Above `maxKeys` keys, the least recently used one is removed and starts again: memory
 * stays bounded, and a key in use stays limited.
 */
export class GcraBuckets {
  private readonly wholeAt: LRUCache<string, number>;

  constructor(
    maxKeys = MAX_KEYS,
    /** Milliseconds of a monotonic clock. */
    private readonly now: () => number = () => performance.now(),
  ) {
    // By size: with `max` it would allocate the memory of all keys at the start.
    this.wholeAt = new LRUCache({ maxSize: maxKeys, sizeCalculation: () => 1 });
  }

  get size(): number {
    return this.wholeAt.size;
  }

  /** See {@link RateLimiter.take}. */
  take(key: string, limit: RateLimit, cost: number): RateVerdict {
    const now = this.now();
    const before = Math.max((this.wholeAt.get(key) ?? now) - now, 0);
    const { verdict, after } = gcra(before, limit, cost);
    if (after > 0) this.wholeAt.set(key, now + after);
    else this.wholeAt.delete(key);
    return verdict;
  }

  /** Removes the keys whose limit is full again. */
  sweep(): void {
    const now = this.now();
    // A copy: the list must not change during the iteration.
    const entries = Array.from(this.wholeAt);
    for (const [key, wholeAt] of entries) if (wholeAt <= now) this.wholeAt.delete(key);
  }
}
