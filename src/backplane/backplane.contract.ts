import { setTimeout as sleep } from 'node:timers/promises';
import type { RateLimiter } from './rate-limiter.js';
import { rateLimiterContract } from './rate-limiter.contract.js';
import type { RecordStore } from './record-store.js';
import type { ReplayEntry, ReplayLog } from './replay-log.js';
import type { RevocationStore } from './revocation-store.js';
import { revocationStoreContract } from './revocation-store.contract.js';
import type { SlotCounter } from './slot-counter.js';
import { until } from './fixtures/until.fixture.js';

/** An engine under test. Each call of a `make` function gives ports with nothing in them. */
export interface Engine {
  readonly limits: RateLimiter;
  readonly records: RecordStore;
  readonly replay: ReplayLog;
  readonly revocations: RevocationStore;
  readonly slots: SlotCounter;
}

const LONG_MS = 60_000;
const SHORT_MS = 40;
/** Long enough for a busy machine to come to the next line. */
const BRIEF_MS = 500;

const entry = (stream: string, n: number): ReplayEntry => ({
  id: `${stream}.${n}`,
  stream,
  data: `${stream} ${n}`,
});

/** What every engine of the backplane must do. */
export function backplaneContract(name: string, make: () => Promise<Engine>): void {
  rateLimiterContract(name, async () => (await make()).limits);
  revocationStoreContract(name, async () => (await make()).revocations);

  describe(`${name}: records`, () => {
    it('gives back what was put, and nothing for a key that was not', async () => {
      const { records } = await make();
      await records.put('session:a', { owner: 'n1', epoch: 2, nested: { deep: [1, 'zwei'] } }, LONG_MS);
      expect(await records.get('session:a')).toEqual({
        owner: 'n1',
        epoch: 2,
        nested: { deep: [1, 'zwei'] },
      });
      expect(await records.get('session:b')).toBeUndefined();
      expect(await records.get('__proto__')).toBeUndefined();
    });

    it('replaces a record, and its time to live with it', async () => {
      const { records } = await make();
      await records.put('k', { version: 1 }, SHORT_MS);
      await records.put('k', { version: 2 }, LONG_MS);
      await sleep(SHORT_MS * 2);
      expect(await records.get('k')).toEqual({ version: 2 });
    });

    it('forgets a record at its time', async () => {
      const { records } = await make();
      await records.put('k', { version: 1 }, SHORT_MS);
      await until(async () => (await records.get('k')) === undefined);
      expect(await records.extend('k', LONG_MS)).toBe(false);
      expect(await records.delete('k')).toBe(false);
    });

    it('extends a record that is there', async () => {
      const { records } = await make();
      await records.put('k', { version: 1 }, BRIEF_MS);
      expect(await records.extend('k', LONG_MS)).toBe(true);
      await records.put('not extended', { version: 1 }, BRIEF_MS);
      await until(async () => (await records.get('not extended')) === undefined);
      expect(await records.get('k')).toEqual({ version: 1 });
    });

    it('deletes a record once', async () => {
      const { records } = await make();
      await records.put('k', { version: 1 }, LONG_MS);
      expect(await records.delete('k')).toBe(true);
      expect(await records.delete('k')).toBe(false);
      expect(await records.get('k')).toBeUndefined();
    });
  });

  describe(`${name}: replay`, () => {
    it('gives the rest of a stream, in order, and nothing of another', async () => {
      const { replay } = await make();
      for (let n = 1; n <= 4; n += 1) {
        for (const stream of ['a', 'b']) await replay.append('s1', entry(stream, n));
      }
      expect(await replay.after('s1', 'a.2')).toEqual([entry('a', 3), entry('a', 4)]);
      expect(await replay.after('s1', 'b.4')).toEqual([]);
    });

    it('knows no entry of another session, nor one that never was', async () => {
      const { replay } = await make();
      await replay.append('s1', entry('a', 1));
      expect(await replay.after('s2', 'a.1')).toBeUndefined();
      expect(await replay.after('s1', 'a.9')).toBeUndefined();
    });

    it('says so when an entry was pushed out', async () => {
      const { replay } = await make();
      for (let n = 1; n <= 257; n += 1) await replay.append('s1', entry('a', n));
      expect(await replay.after('s1', 'a.1')).toBeUndefined();
      expect(await replay.after('s1', 'a.2')).toHaveLength(255);
    });

    it('holds so much beside the newest entry and no more', async () => {
      const { replay } = await make();
      const large = (n: number, length: number): ReplayEntry => ({
        ...entry('a', n),
        data: 'x'.repeat(length),
      });
      for (let n = 1; n <= 6; n += 1) await replay.append('s1', large(n, 2 ** 18));
      expect(await replay.after('s1', 'a.1')).toBeUndefined();
      expect(await replay.after('s1', 'a.2')).toHaveLength(4);
      await replay.append('s1', large(7, 2 ** 21));
      expect(await replay.after('s1', 'a.3')).toHaveLength(4);
      await replay.append('s1', entry('a', 8));
      expect(await replay.after('s1', 'a.7')).toBeUndefined();
      expect(await replay.after('s1', 'a.8')).toEqual([]);
    });

    it('drops a log', async () => {
      const { replay } = await make();
      await replay.append('s1', entry('a', 1));
      await replay.drop('s1');
      expect(await replay.after('s1', 'a.1')).toBeUndefined();
    });
  });

  describe(`${name}: slots`, () => {
    it('hands out as many as there are, and each again when it is free', async () => {
      const { slots } = await make();
      expect(await slots.acquire('alice', 's1', 2, LONG_MS)).toBe(true);
      expect(await slots.acquire('alice', 's2', 2, LONG_MS)).toBe(true);
      expect(await slots.acquire('alice', 's3', 2, LONG_MS)).toBe(false);
      expect(await slots.count('alice')).toBe(2);
      await slots.release('alice', 's1');
      expect(await slots.acquire('alice', 's3', 2, LONG_MS)).toBe(true);
    });

    it('counts keys apart, and a holder once', async () => {
      const { slots } = await make();
      expect(await slots.acquire('alice', 's1', 1, LONG_MS)).toBe(true);
      expect(await slots.acquire('alice', 's1', 1, LONG_MS)).toBe(true);
      expect(await slots.acquire('bob', 's1', 1, LONG_MS)).toBe(true);
      expect(await slots.count('alice')).toBe(1);
      expect(await slots.count('carol')).toBe(0);
    });

    it('never hands out one too many, however many ask at once', async () => {
      const { slots } = await make();
      const asked = Array.from({ length: 50 }, (_, n) => slots.acquire('alice', `s${n}`, 7, LONG_MS));
      expect((await Promise.all(asked)).filter(Boolean)).toHaveLength(7);
    });

    it('takes a place back from a holder that is not renewed', async () => {
      const { slots } = await make();
      await slots.acquire('alice', 's1', 1, SHORT_MS);
      await until(async () => slots.acquire('alice', 's2', 1, LONG_MS));
      expect(await slots.renew('alice', 's1', LONG_MS)).toBe(false);
    });

    it('leaves it to one that is', async () => {
      const { slots } = await make();
      await slots.acquire('alice', 's1', 1, BRIEF_MS);
      expect(await slots.renew('alice', 's1', LONG_MS)).toBe(true);
      await slots.acquire('bob', 's1', 1, BRIEF_MS);
      await until(() => slots.acquire('bob', 's2', 1, LONG_MS));
      expect(await slots.acquire('alice', 's2', 1, LONG_MS)).toBe(false);
    });

    it('releases what is not held without harm', async () => {
      const { slots } = await make();
      await slots.acquire('alice', 's1', 1, LONG_MS);
      await slots.release('alice', 's9');
      await slots.release('bob', 's1');
      expect(await slots.count('alice')).toBe(1);
    });
  });
}
