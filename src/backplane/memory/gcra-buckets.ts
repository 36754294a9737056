import { LRUCache } from 'lru-cache';
import type { RateLimit } from '../../config/index.js';
import type { RateVerdict } from '../rate-limiter.js';

/** About 20 MB where every one of them is in use. */
const MAX_KEYS = 100_000;
/** The share of an interval that rounding may take: the last of a limit must pass, and one that has waited. */
const TOLERANCE = 1e-3;

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
    /** Milliseconds on a clock that nobody sets. */
    private readonly now: () => number = () => performance.now(),
  ) {
    this.wholeAt = new LRUCache({ max: maxKeys });
  }

  get size(): number {
    return this.wholeAt.size;
  }

  /** As the port's `take`. */
  take(key: string, { count, periodMs }: RateLimit, cost: number): RateVerdict {
    const now = this.now();
    const intervalMs = periodMs / count;
    const wanted = cost === 0 ? 1 : cost;
    // From now on, both: how long until the limit is whole again, and by how much that is too long.
    const before = Math.max((this.wholeAt.get(key) ?? now) - now, 0);
    const excess = before + wanted * intervalMs - periodMs;
    const allowed = excess <= intervalMs * TOLERANCE;
    const after = allowed ? Math.max(before + cost * intervalMs, 0) : before;
    if (after > 0) this.wholeAt.set(key, now + after);
    else this.wholeAt.delete(key);
    return {
      allowed,
      remaining: Math.max(0, Math.floor((periodMs - after) / intervalMs + TOLERANCE)),
      retryAfterMs: allowed ? 0 : wanted > count ? Number.POSITIVE_INFINITY : wholeMs(excess),
      resetMs: wholeMs(after),
    };
  }

  /** Forgets the keys whose limit is whole again. */
  sweep(): void {
    const now = this.now();
    // A copy: the list must not change under its iterator.
    const entries = Array.from(this.wholeAt);
    for (const [key, wholeAt] of entries) if (wholeAt <= now) this.wholeAt.delete(key);
  }
}

/** Rounded up, but for what the clock's own precision has added. */
function wholeMs(ms: number): number {
  return Math.max(0, Math.ceil(ms - 1e-6));
}
