import { Global, Module } from '@nestjs/common';
import { MemoryRateLimiter } from './memory/memory-rate.limiter.js';
import { MemoryRecordStore } from './memory/memory-record.store.js';
import { MemoryReplayLog } from './memory/memory-replay.log.js';
import { MemoryRevocationStore } from './memory/memory-revocation.store.js';
import { MemorySlotCounter } from './memory/memory-slot.counter.js';
import { MemorySweeper } from './memory/memory.sweeper.js';
import { RateLimiter } from './rate-limiter.js';
import { RecordStore } from './record-store.js';
import { ReplayLog } from './replay-log.js';
import { RevocationStore } from './revocation-store.js';
import { SlotCounter } from './slot-counter.js';

/** What nodes share, as a few small ports. The engine is the process's own memory: one node. */
@Global()
@Module({
  providers: [
    MemoryRateLimiter,
    MemoryRecordStore,
    MemoryReplayLog,
    MemoryRevocationStore,
    MemorySlotCounter,
    MemorySweeper,
    { provide: RateLimiter, useExisting: MemoryRateLimiter },
    { provide: RecordStore, useExisting: MemoryRecordStore },
    { provide: ReplayLog, useExisting: MemoryReplayLog },
    { provide: RevocationStore, useExisting: MemoryRevocationStore },
    { provide: SlotCounter, useExisting: MemorySlotCounter },
  ],
  exports: [RateLimiter, RecordStore, ReplayLog, RevocationStore, SlotCounter],
})
export class BackplaneModule {}
