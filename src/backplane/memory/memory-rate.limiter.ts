import { LRUCache } from 'lru-cache';
import type { RateLimit } from '../../config/index.js';
import type { RateLimiter, RateVerdict } from '../rate-limiter.js';

/** About 20 MB when all are in use. */
const MAX_KEYS = 100_000;
/** The size of an entry: with a limit by number, the cache would allocate the memory of all keys at the start. */
const ONE = { size: 1 } as const;

/** Tolerance for rounding, as a share of an interval: the last unit of a limit must pass, and so must a caller that waited. */
export const GCRA_TOLERANCE = 1e-3;
/** The error of the clock's precision, in milliseconds. */
const CLOCK_ERROR = 1e-6;

/**
 * {@link RateLimiter} in the memory of this process: the time at which the limit of each key is full again, its
 * theoretical arrival time. A key whose time has passed needs no entry.
 *
 * Above `maxKeys` keys, the least recently used one is removed and starts again: memory
 * stays bounded, and a key in use stays limited.
 */
export class MemoryRateLimiter implements RateLimiter {
  private readonly wholeAt: LRUCache<string, number>;

  constructor(
    maxKeys = MAX_KEYS,
    /** Monotonic, in milliseconds. */
    private readonly clock: { now(): number } = performance,
  ) {
    this.wholeAt = new LRUCache({ maxSize: maxKeys });
  }

  /** Number of keys; bounded. */
  get size(): number {
    return this.wholeAt.size;
  }

  take(key: string, limit: RateLimit, cost = 1): RateVerdict {
    const now = this.clock.now();
    const before = Math.max((this.wholeAt.get(key) ?? now) - now, 0);
    const { verdict, after } = gcra(before, limit, cost);
    if (after > 0) this.wholeAt.set(key, now + after, ONE);
    else this.wholeAt.delete(key);
    return verdict;
  }

  /** Removes the keys whose limit is full again. */
  sweep(): void {
    const now = this.clock.now();
    // A copy: the list must not change during the iteration.
    const entries = Array.from(this.wholeAt);
    for (const [key, wholeAt] of entries) if (wholeAt <= now) this.wholeAt.delete(key);
  }
}

/**
 * GCRA (ITU-T I.371) as a pure function: the verdict on `cost` when the limit is full again in `before` ms.
 * `after` replaces `before`. An engine that keeps the state elsewhere computes `after` there
 * by the same arithmetic.
 */
export function gcra(
  before: number,
  { count, periodMs }: RateLimit,
  cost: number,
): { readonly verdict: RateVerdict; readonly after: number } {
  const intervalMs = periodMs / count;
  const wanted = cost === 0 ? 1 : cost;
  const excess = before + wanted * intervalMs - periodMs;
  const allowed = excess <= intervalMs * GCRA_TOLERANCE;
  const after = allowed ? Math.max(before + cost * intervalMs, 0) : before;
  const verdict = {
    allowed,
    remaining: Math.max(0, Math.floor((periodMs - after) / intervalMs + GCRA_TOLERANCE)),
    retryAfterMs: allowed
      ? 0
      : wanted > count
        ? Number.POSITIVE_INFINITY
        : Math.max(0, Math.ceil(excess - CLOCK_ERROR)),
    resetMs: Math.max(0, Math.ceil(after - CLOCK_ERROR)),
  };
  return { verdict, after };
}
