import type { Provider } from '@nestjs/common';
import { BackplaneStatus } from '../backplane.status.js';
import { Beats } from '../beats.js';
import { Logs } from '../logs.js';
import { RateLimiter } from '../rate-limiter.js';
import { Records } from '../records.js';
import { EventStore } from '../event-store.js';
import { RevocationStore } from '../revocation-store.js';
import { BackplaneNode } from '../shared/backplane-node.js';
import { ConcurrencyLimiter } from '../concurrency-limiter.js';
import { MemoryBackplane } from './memory.backplane.js';
import { MemoryBeats } from './memory-beats.js';
import { MemoryLogs } from './memory-logs.js';
import { MemoryRateLimiter } from './memory-rate.limiter.js';
import { MemoryRecords } from './memory-records.js';
import { MemoryEventStore } from './memory-event.store.js';
import { MemoryRevocationStore } from './memory-revocation.store.js';
import { MemoryConcurrencyLimiter } from './memory-concurrency.limiter.js';
import { MemorySweeper } from './memory.sweeper.js';

/** The engine in the memory of this process, for one node. */
export const MEMORY_PROVIDERS: Provider[] = [
  { provide: BackplaneStatus, useValue: new BackplaneStatus() },
  MemoryRecords,
  MemoryLogs,
  MemoryEventStore,
  MemoryRevocationStore,
  MemoryConcurrencyLimiter,
  MemorySweeper,
  MemoryBackplane,
  { provide: MemoryBeats, useFactory: () => new MemoryBeats() },
  { provide: MemoryRateLimiter, useFactory: () => new MemoryRateLimiter() },
  { provide: Beats, useExisting: MemoryBeats },
  { provide: Logs, useExisting: MemoryLogs },
  { provide: RateLimiter, useExisting: MemoryRateLimiter },
  { provide: Records, useExisting: MemoryRecords },
  { provide: EventStore, useExisting: MemoryEventStore },
  // With one node, every revocation is known here.
  { provide: RevocationStore, useExisting: MemoryRevocationStore },
  { provide: ConcurrencyLimiter, useExisting: MemoryConcurrencyLimiter },
  {
    provide: BackplaneNode,
    inject: [Records, Logs, Beats],
    useFactory: (records: Records, logs: Logs, beats: Beats) => new BackplaneNode({ records, logs, beats }),
  },
];
