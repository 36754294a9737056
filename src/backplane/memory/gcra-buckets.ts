import { LRUCache } from 'lru-cache';
import type { RateLimit } from '../../config/index.js';
import { gcra } from '../gcra.js';
import type { RateVerdict } from '../rate-limiter.js';

/** About 20 MB where every one of them is in use. */
const MAX_KEYS = 100_000;

/**
 * The state of GCRA, for many keys in this process: for each the time at which its limit is whole again, its
 * theoretical arrival time. A key whose time has passed needs no entry.
 *
 * Of more than `maxKeys` keys the one that was asked for longest ago is forgotten, and starts anew: memory
 * stays bounded, and a key that is in use stays limited.
 */
export class GcraBuckets {
  private readonly wholeAt: LRUCache<string, number>;

  constructor(
    maxKeys = MAX_KEYS,
    /** Milliseconds on a clock that is never set. */
    private readonly now: () => number = () => performance.now(),
  ) {
    this.wholeAt = new LRUCache({ max: maxKeys });
  }

  get size(): number {
    return this.wholeAt.size;
  }

  /** As the port's `take`. */
  take(key: string, limit: RateLimit, cost: number): RateVerdict {
    const now = this.now();
    const before = Math.max((this.wholeAt.get(key) ?? now) - now, 0);
    const { verdict, after } = gcra(before, limit, cost);
    if (after > 0) this.wholeAt.set(key, now + after);
    else this.wholeAt.delete(key);
    return verdict;
  }

  /** Forgets the keys whose limit is whole again. */
  sweep(): void {
    const now = this.now();
    // A copy: the list must not change under its iterator.
    const entries = Array.from(this.wholeAt);
    for (const [key, wholeAt] of entries) if (wholeAt <= now) this.wholeAt.delete(key);
  }
}
