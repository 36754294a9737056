import { setTimeout as sleep } from 'node:timers/promises';
import type { RateLimiter, RateVerdict } from './rate-limiter.js';

const HOUR_MS = 3_600_000;
/** Does not refill while a test runs. */
const SEVEN = { count: 7, periodMs: HOUR_MS };
/** Refills one every 200 ms. */
const QUICK = { count: 10, periodMs: 2_000 };
const INTERVAL_MS = 200;

/** A timer may fire slightly early, and an engine has its own clock. */
const wait = (ms: number): Promise<void> => sleep(ms + 5);

/** The requirements on the limiter of every engine. Each call of `make` creates one without keys. */
export function rateLimiterContract(name: string, make: () => Promise<RateLimiter>): void {
  describe(`${name}: limits`, () => {
    it('lets the whole of a limit pass at once, and no more', async () => {
      const limits = await make();
      for (let remaining = 6; remaining >= 0; remaining -= 1) {
        expect(await limits.take('alice', SEVEN)).toMatchObject({
          allowed: true,
          remaining,
          retryAfterMs: 0,
        });
      }
      const refused = await limits.take('alice', SEVEN);
      expect(refused).toMatchObject({ allowed: false, remaining: 0 });
      expect(refused.retryAfterMs).toBeGreaterThan(0);
      expect(refused.retryAfterMs).toBeLessThanOrEqual(Math.ceil(HOUR_MS / 7));
      expect(refused.resetMs).toBeLessThanOrEqual(HOUR_MS);
      expect(refused.resetMs).toBeGreaterThanOrEqual((HOUR_MS / 7) * 6);
    });

    it.each([1, 3, 7, 49, 600, 999, 1_000_000])('of %d allows exactly this count', async (count) => {
      const limits = await make();
      const limit = { count, periodMs: 86_400_000 };
      expect(await limits.take('k', limit, count - 1)).toMatchObject({ allowed: true, remaining: 1 });
      expect(await limits.take('k', limit)).toMatchObject({ allowed: true, remaining: 0 });
      if (count < 1_000) expect((await limits.take('k', limit)).allowed).toBe(false);
    });

    it('never exceeds the limit, however many come at once', async () => {
      const limits = await make();
      const taken = await Promise.all(Array.from({ length: 50 }, async () => limits.take('alice', SEVEN)));
      expect(taken.filter(({ allowed }) => allowed)).toHaveLength(7);
    });

    it('counts each key separately', async () => {
      const limits = await make();
      await limits.take('alice', SEVEN, 7);
      expect((await limits.take('alice', SEVEN)).allowed).toBe(false);
      expect(await limits.take('bob', SEVEN)).toMatchObject({ allowed: true, remaining: 6 });
      expect((await limits.take('__proto__', SEVEN)).allowed).toBe(true);
    });

    it('lets one pass at the announced time, and not all of them', async () => {
      const limits = await make();
      const startedAt = performance.now();
      let taken = 0;
      const take = async (cost: number): Promise<RateVerdict> => {
        const verdict = await limits.take('alice', QUICK, cost);
        if (verdict.allowed) taken += cost;
        return verdict;
      };
      await take(10);
      // A busy machine may be so slow that the cost has refilled meanwhile.
      let refused = await take(3);
      while (refused.allowed) refused = await take(3);
      // Not before the whole cost has refilled since the first one.
      expect(performance.now() - startedAt + refused.retryAfterMs).toBeGreaterThanOrEqual(3 * INTERVAL_MS);
      expect(refused.retryAfterMs).toBeLessThanOrEqual(3 * INTERVAL_MS);
      await wait(refused.retryAfterMs);
      expect((await take(3)).allowed).toBe(true);
      await take(10);
      const refilled = Math.ceil((performance.now() - startedAt) / INTERVAL_MS);
      expect(taken).toBeLessThanOrEqual(QUICK.count + refilled);
    });

    it('has its whole count again at the announced time', async () => {
      const limits = await make();
      const { resetMs } = await limits.take('alice', QUICK, 4);
      expect(resetMs).toBeLessThanOrEqual(4 * INTERVAL_MS);
      await wait(resetMs);
      expect(await limits.take('alice', QUICK, 10)).toMatchObject({ allowed: true, remaining: 0 });
    });

    it('lets the next one pass in time where the caller never stops trying', async () => {
      const limits = await make();
      await limits.take('alice', QUICK, 10);
      const startedAt = Date.now();
      while (!(await limits.take('alice', QUICK)).allowed) {
        if (Date.now() - startedAt > 5_000) throw new Error('the refusals push the time back');
        await sleep(1);
      }
    });

    it('takes all of a cost or nothing', async () => {
      const limits = await make();
      expect(await limits.take('alice', SEVEN, 5)).toMatchObject({ allowed: true, remaining: 2 });
      expect(await limits.take('alice', SEVEN, 3)).toMatchObject({ allowed: false, remaining: 2 });
      expect(await limits.take('alice', SEVEN, 2)).toMatchObject({ allowed: true, remaining: 0 });
    });

    it('never allows a cost above the count, and says that waiting does not help', async () => {
      const limits = await make();
      const refused = { allowed: false, remaining: 7, retryAfterMs: Number.POSITIVE_INFINITY, resetMs: 0 };
      expect(await limits.take('alice', SEVEN, 8)).toEqual(refused);
    });

    it('is read without taking', async () => {
      const limits = await make();
      for (let at = 0; at < 20; at += 1) {
        expect(await limits.take('alice', SEVEN, 0)).toMatchObject({ allowed: true, remaining: 7 });
      }
      await limits.take('alice', SEVEN, 7);
      const look = await limits.take('alice', SEVEN, 0);
      expect(look).toMatchObject({ allowed: false, remaining: 0 });
      expect(look.retryAfterMs).toBeGreaterThan(0);
    });

    it('adds what is given back, up to the count', async () => {
      const limits = await make();
      await limits.take('alice', SEVEN, 7);
      expect(await limits.take('alice', SEVEN, -2)).toMatchObject({ allowed: true, remaining: 2 });
      expect(await limits.take('alice', SEVEN, -50)).toMatchObject({ remaining: 7, resetMs: 0 });
      expect((await limits.take('alice', SEVEN, 8)).allowed).toBe(false);
    });
  });
}
