import type { RateLimit } from '../config/index.js';
import type { RateVerdict } from './rate-limiter.js';

const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1_000));

/**
 * The headers of a refusal: `Retry-After` (RFC 9110, section 10.2.3), `RateLimit-Policy` and
 * `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11). Seconds, rounded up: a client that waits this long is not too
 * early. Without `Retry-After` where no waiting helps. `policy` names the limit:
 * ASCII, without quotes and backslashes.
 */
export function rateLimitHeaders(
  policy: string,
  { count, periodMs }: RateLimit,
  { remaining, retryAfterMs, resetMs }: RateVerdict,
): Readonly<Record<string, string>> {
  const waitable = Number.isFinite(retryAfterMs);
  // The window ends with Retry-After, not later.
  const window = seconds(waitable ? retryAfterMs : resetMs);
  return {
    ...(waitable ? { 'Retry-After': String(window) } : {}),
    'RateLimit-Policy': `"${policy}";q=${count};w=${seconds(periodMs)}`,
    RateLimit: `"${policy}";r=${remaining};t=${window}`,
  };
}
