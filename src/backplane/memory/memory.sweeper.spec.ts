import { Test } from '@nestjs/testing';
import { BackplaneModule } from '../backplane.module.js';
import { RateLimiter } from '../rate-limiter.js';
import { Records } from '../records.js';
import { EventStore } from '../event-store.js';
import { RevocationStore } from '../revocation-store.js';
import { ConcurrencyLimiter } from '../concurrency-limiter.js';
import { MemoryRateLimiter } from './memory-rate.limiter.js';
import { MemoryRecords } from './memory-records.js';
import { MemoryEventStore } from './memory-event.store.js';
import { MemoryRevocationStore } from './memory-revocation.store.js';
import { MemoryConcurrencyLimiter } from './memory-concurrency.limiter.js';

const ENGINE = [
  MemoryRateLimiter,
  MemoryRecords,
  MemoryEventStore,
  MemoryRevocationStore,
  MemoryConcurrencyLimiter,
];

afterEach(() => jest.useRealTimers());

it('removes expired entries that are not read again, and stops with the application', async () => {
  jest.useFakeTimers({ now: 1_000_000_000_000, doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  const module = await Test.createTestingModule({ imports: [BackplaneModule.forRoot()] }).compile();
  await module.init();
  const sizes = () => ENGINE.map((part) => module.get<{ readonly size: number }>(part).size);
  const expiresAt = Date.now() / 1_000 + 60;
  await module.get<RateLimiter>(RateLimiter).take('k', { count: 1, periodMs: 60_000 });
  await module.get<Records>(Records).create('k', {}, 60_000);
  await module.get<EventStore>(EventStore).append('k', { id: 'a.1', stream: 'a', data: '' });
  const target = { kind: 'token', tokenId: 't' } as const;
  await module.get<RevocationStore>(RevocationStore).revoke({ target, revokedAt: 0, expiresAt });
  await module.get<ConcurrencyLimiter>(ConcurrencyLimiter).acquire('k', 'holder', 1, 60_000);
  jest.advanceTimersByTime(30_000);
  expect(sizes()).toEqual([1, 1, 1, 1, 1]);
  // A log keeps what is younger than ten minutes.
  jest.advanceTimersByTime(630_000);
  expect(sizes()).toEqual([0, 0, 0, 0, 0]);
  const timers = jest.getTimerCount();
  await module.close();
  expect(jest.getTimerCount()).toBe(timers - 2);
});

it('keeps nothing of a holder that has released its places', async () => {
  const slots = new MemoryConcurrencyLimiter();
  await slots.acquire('alice', 's1', 2, 60_000);
  await slots.acquire('alice', 's2', 2, 60_000);
  await slots.release('alice', 's1');
  expect(slots.size).toBe(1);
  await slots.release('alice', 's2');
  expect(slots.size).toBe(0);
});

it('returns no event that is older than ten minutes, also before the sweep', async () => {
  jest.useFakeTimers({ now: 0 });
  const log = new MemoryEventStore();
  await log.append('s', { id: 'a.1', stream: 'a', data: '1' });
  jest.setSystemTime(300_000);
  await log.append('s', { id: 'a.2', stream: 'a', data: '2' });
  jest.setSystemTime(600_000);
  expect(await log.after('s', 'a.1')).toHaveLength(1);
  jest.setSystemTime(600_001);
  expect(await log.after('s', 'a.1')).toBeUndefined();
  expect(await log.after('s', 'a.2')).toEqual([]);
});
