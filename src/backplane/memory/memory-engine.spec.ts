import { backplaneContract } from '../backplane.contract.js';
import { ExpiringMap } from './expiring-map.js';
import { eventStoreContract } from '../event-store.contract.js';
import { revocationStoreContract } from '../revocation-store.contract.js';
import { SharedEventStore } from '../shared/shared-event.store.js';
import { MemoryBeats } from './memory-beats.js';
import { MemoryLogs } from './memory-logs.js';
import { MemoryRateLimiter } from './memory-rate.limiter.js';
import { MemoryRecords } from './memory-records.js';
import { MemoryEventStore } from './memory-event.store.js';
import { MemoryRevocationStore } from './memory-revocation.store.js';
import { MemoryConcurrencyLimiter } from './memory-concurrency.limiter.js';

/** Each node gets its own handle of one object; a test may replace its methods. */
const handleOf = <Port extends object>(port: Port): Port => Object.create(port) as Port;

backplaneContract('memory', async (nodes, times) => {
  const engine = {
    beats: new MemoryBeats(times),
    limits: new MemoryRateLimiter(),
    logs: new MemoryLogs(),
    records: new MemoryRecords(),
    slots: new MemoryConcurrencyLimiter(),
  };
  return Array.from({ length: nodes }, () => ({
    beats: handleOf(engine.beats),
    limits: engine.limits,
    logs: handleOf(engine.logs),
    records: handleOf(engine.records),
    events: new SharedEventStore(engine.logs),
    slots: engine.slots,
  }));
});

describe('the deny list of one node', () => {
  revocationStoreContract('memory', async () => new MemoryRevocationStore());
});

describe('what one node keeps for resumption', () => {
  eventStoreContract('memory', async () => new MemoryEventStore());
});

describe('ExpiringMap', () => {
  it('sweeps what is not read', () => {
    let now = 1_000;
    const map = new ExpiringMap<string>(() => now);
    map.set('a', 'x', 2_000);
    map.set('b', 'y', 3_000);
    now = 2_000;
    map.sweep();
    expect(map.size).toBe(1);
    expect(map.get('b')).toBe('y');
  });

  it('has no entry any more in the millisecond in which it expires', () => {
    let now = 1_999;
    const map = new ExpiringMap<string>(() => now);
    map.set('a', 'x', 2_000);
    expect(map.get('a')).toBe('x');
    now = 2_000;
    expect(map.get('a')).toBeUndefined();
    expect(map.size).toBe(0);
  });
});
