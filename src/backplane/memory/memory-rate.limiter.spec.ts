import { MemoryRateLimiter } from './memory-rate.limiter.js';

const LIMIT = { count: 10, periodMs: 60_000 };

describe('MemoryRateLimiter', () => {
  let now = 0;
  const make = (maxKeys?: number) => new MemoryRateLimiter(maxKeys, { now: () => now });
  beforeEach(() => {
    now = 5_000_000.123;
  });

  it('keeps to the rate, to the interval', () => {
    const buckets = make();
    let allowed = 0;
    // An hour of ten attempts a second: ten at once, then one each six seconds.
    for (let tick = 0; tick <= 36_000; tick += 1, now += 100) {
      if (buckets.take('alice', LIMIT, 1).allowed) allowed += 1;
    }
    expect(allowed).toBe(10 + 600);
  });

  it.each([7, 9, 11, 600, 999])('lets all %d of a limit through at once, whatever the fractions', (count) => {
    const buckets = make();
    for (let at = 0; at < count; at += 1) {
      expect(buckets.take('alice', { count, periodMs: 60_000 }, 1).allowed).toBe(true);
    }
    expect(buckets.take('alice', { count, periodMs: 60_000 }, 1).allowed).toBe(false);
  });

  it('tells the time to the millisecond, and never too early', () => {
    const buckets = make();
    for (let at = 0; at < 10; at += 1) buckets.take('alice', LIMIT, 1);
    now += 1_000.5;
    const { retryAfterMs, resetMs } = buckets.take('alice', LIMIT, 1);
    expect([retryAfterMs, resetMs]).toEqual([5_000, 59_000]);
    now += retryAfterMs - 10;
    expect(buckets.take('alice', LIMIT, 1).allowed).toBe(false);
    now += 10;
    expect(buckets.take('alice', LIMIT, 1).allowed).toBe(true);
  });

  it('holds no more keys than it may, and forgets the one that was asked for longest ago', () => {
    const buckets = make(3);
    for (const key of ['a', 'b', 'c']) buckets.take(key, LIMIT, 10);
    // Also one that is refused, or only looked at, is in use.
    expect(buckets.take('a', LIMIT, 1).allowed).toBe(false);
    buckets.take('d', LIMIT, 10);
    expect(buckets.size).toBe(3);
    expect(['a', 'c', 'd'].map((key) => buckets.take(key, LIMIT, 0).allowed)).toEqual([false, false, false]);
    expect(buckets.take('b', LIMIT, 0).allowed).toBe(true);
  });

  it('does not keep a million keys, and drops each once its bucket is full', () => {
    const buckets = make();
    for (let at = 0; at < 1_000_000; at += 1) buckets.take(`key ${at}`, LIMIT, 1);
    expect(buckets.size).toBe(100_000);
    now += 5_999;
    buckets.sweep();
    expect(buckets.size).toBe(100_000);
    now += 1;
    buckets.sweep();
    expect(buckets.size).toBe(0);
  });

  it('makes no entry for a look, and drops one whose whole cost was given back', () => {
    const buckets = make();
    buckets.take('alice', LIMIT, 0);
    buckets.take('bob', LIMIT, 4);
    expect(buckets.size).toBe(1);
    buckets.take('bob', LIMIT, -4);
    expect(buckets.size).toBe(0);
  });
});
