/** So many in a period: `count` at once, and from then on one each `periodMs / count` milliseconds. */
export interface RateLimit {
  /** 1 to 1,000,000. */
  readonly count: number;
  /** Whole seconds, as milliseconds: 1 s to 1 day. */
  readonly periodMs: number;
}

const MILLISECONDS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MAX_COUNT = 1_000_000;
const MAX_PERIOD_MS = 86_400_000;

/** What {@link readRateLimit} takes, for whoever has to be told. */
export const RATE_LIMIT_FORMAT = 'a count and a period such as 600/1m, up to 1000000 in 1s to 1d';

/** Reads `600/1m`. Undefined: the text is no rate limit. */
export function readRateLimit(text: string): RateLimit | undefined {
  const [, amount, length, unit = ''] = /^(\d{1,7})\/(\d{1,5})([smhd])$/.exec(text) ?? [];
  const count = Number(amount);
  const periodMs = Number(length) * (MILLISECONDS[unit] ?? Number.NaN);
  const fits = count >= 1 && count <= MAX_COUNT && periodMs >= 1_000 && periodMs <= MAX_PERIOD_MS;
  return fits ? Object.freeze({ count, periodMs }) : undefined;
}
