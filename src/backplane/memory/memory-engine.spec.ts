import { backplaneContract } from '../backplane.contract.js';
import { ExpiringMap } from './expiring-map.js';
import { MemoryRateLimiter } from './memory-rate.limiter.js';
import { MemoryRecordStore } from './memory-record.store.js';
import { MemoryReplayLog } from './memory-replay.log.js';
import { MemoryRevocationStore } from './memory-revocation.store.js';
import { MemorySlotCounter } from './memory-slot.counter.js';

backplaneContract('memory', async () => ({
  limits: new MemoryRateLimiter(),
  records: new MemoryRecordStore(),
  replay: new MemoryReplayLog(),
  revocations: new MemoryRevocationStore(),
  slots: new MemorySlotCounter(),
}));

describe('ExpiringMap', () => {
  it('sweeps what nobody reads', () => {
    let now = 1_000;
    const map = new ExpiringMap<string>(() => now);
    map.set('a', 'x', 2_000);
    map.set('b', 'y', 3_000);
    now = 2_000;
    map.sweep();
    expect(map.size).toBe(1);
    expect(map.get('b')).toBe('y');
  });

  it('holds no entry at the very moment it ends', () => {
    let now = 1_999;
    const map = new ExpiringMap<string>(() => now);
    map.set('a', 'x', 2_000);
    expect(map.get('a')).toBe('x');
    now = 2_000;
    expect(map.get('a')).toBeUndefined();
    expect(map.size).toBe(0);
  });
});
