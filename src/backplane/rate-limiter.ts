import type { RateLimit } from '../config/index.js';

/** The verdict of {@link RateLimiter.take}. Times are whole milliseconds from now, rounded up. */
export interface RateVerdict {
  readonly allowed: boolean;
  /** How many operations of cost 1 are still allowed now. */
  readonly remaining: number;
  /**
   * When the same cost is allowed, if nothing else is taken meanwhile; 0 where it was allowed. Infinity where the
   * cost exceeds the limit's count.
   */
  readonly retryAfterMs: number;
  /** When the limit is full again. */
  readonly resetMs: number;
}

/**
 * Limits a rate over all nodes, by GCRA (ITU-T I.371): `count` at once, and then one every `periodMs / count`. A
 * refusal takes nothing: a client that repeats its requests is not delayed further.
 *
 * `take` is atomic and never rejects: while the shared state is unavailable, it answers from a bucket of this node,
 * with the limit divided by the number of nodes. It never allows everything.
 */
export interface RateLimiter {
  /**
   * Takes `cost` from the limit of `key`, or nothing. A cost of 0 takes nothing, and `allowed` is then the verdict on a
   * cost of 1. A negative cost returns what was taken for an operation that did not happen.
   *
   * A key belongs to one limit: it names its kind first (`calls:<user>`). An engine in memory answers synchronously.
   */
  take(key: string, limit: RateLimit, cost?: number): RateVerdict | Promise<RateVerdict>;
}

/** Injection token of the {@link RateLimiter} port. */
export const RateLimiter = Symbol('RateLimiter');
