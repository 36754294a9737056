import type { RateLimit } from '../config/index.js';

/** What {@link RateLimiter.take} found. Times are whole milliseconds from now, rounded up. */
export interface RateVerdict {
  readonly allowed: boolean;
  /** How many more of cost 1 would be allowed at this moment. */
  readonly remaining: number;
  /**
   * When the same would be allowed, if nothing else is taken meanwhile; 0 where it is. Infinity where the
   * cost is above the limit's count: no waiting helps.
   */
  readonly retryAfterMs: number;
  /** When the whole of the limit is there again. */
  readonly resetMs: number;
}

/**
 * Limits how often something happens, across all nodes, by GCRA (ITU-T I.371): `count` at once, and from
 * then on one each `periodMs / count`. What is refused takes nothing: a client that hammers gets its next one in
 * time.
 *
 * `take` is atomic, and it never rejects: an engine that cannot reach what the nodes share answers from a
 * bucket of its own node, with the limit divided by the number of nodes. It never lets everything pass.
 */
export interface RateLimiter {
  /**
   * Takes `cost` from the limit of `key`, or nothing at all. A cost of 0 only looks, and `allowed` is then
   * the answer to 1. A negative cost gives back what was taken for something that was not done after all.
   *
   * A key belongs to one limit: it names its kind first (`calls:<principal>`).
   */
  take(key: string, limit: RateLimit, cost?: number): Promise<RateVerdict>;
}

/** Injection token of the {@link RateLimiter} port. */
export const RateLimiter = Symbol('RateLimiter');
