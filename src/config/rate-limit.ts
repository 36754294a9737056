/** A token bucket: `count` at once, and one more every `periodMs / count` milliseconds. */
export interface RateLimit {
  /** 1 to 1,000,000. */
  readonly count: number;
  /** 1 s to 1 day, in milliseconds; whole seconds. */
  readonly periodMs: number;
}

const MILLISECONDS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MAX_COUNT = 1_000_000;
const MAX_PERIOD_MS = 86_400_000;

/** What {@link readRateLimit} accepts, for error messages. */
export const RATE_LIMIT_FORMAT = 'a count and a period such as 600/1m, up to 1000000 in 1s to 1d';

/** Parses `600/1m`. Undefined: not a rate limit. */
export function readRateLimit(text: string): RateLimit | undefined {
  const [, amount, length, unit = ''] = /^(\d{1,7})\/(\d{1,5})([smhd])$/.exec(text) ?? [];
  const count = Number(amount);
  const periodMs = Number(length) * (MILLISECONDS[unit] ?? Number.NaN);
  const fits = count >= 1 && count <= MAX_COUNT && periodMs >= 1_000 && periodMs <= MAX_PERIOD_MS;
  return fits ? Object.freeze({ count, periodMs }) : undefined;
}
