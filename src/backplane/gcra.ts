import type { RateLimit } from '../config/index.js';
import type { RateVerdict } from './rate-limiter.js';

/** Tolerance for rounding, as a share of an interval: the last unit of a limit must pass, and so must a caller that waited. */
export const GCRA_TOLERANCE = 1e-3;

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
    retryAfterMs: allowed ? 0 : wanted > count ? Number.POSITIVE_INFINITY : wholeMs(excess),
    resetMs: wholeMs(after),
  };
  return { verdict, after };
}

/** Rounded up, after removing the error of the clock's precision. */
function wholeMs(ms: number): number {
  return Math.max(0, Math.ceil(ms - 1e-6));
}
