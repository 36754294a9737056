import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { MemoryBeats } from './memory-beats.js';
import { MemoryLogs } from './memory-logs.js';
import { MemoryRateLimiter } from './memory-rate.limiter.js';
import { MemoryRecords } from './memory-records.js';
import { MemoryEventStore } from './memory-event.store.js';
import { MemoryRevocationStore } from './memory-revocation.store.js';
import { MemoryConcurrencyLimiter } from './memory-concurrency.limiter.js';

const SWEEP_MS = 30_000;

/** Removes expired entries that are not read again, on one timer for the whole engine. */
@Injectable()
export class MemorySweeper implements OnModuleInit, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly beats: MemoryBeats,
    private readonly logs: MemoryLogs,
    private readonly limits: MemoryRateLimiter,
    private readonly records: MemoryRecords,
    private readonly events: MemoryEventStore,
    private readonly revocations: MemoryRevocationStore,
    private readonly slots: MemoryConcurrencyLimiter,
  ) {}

  onModuleInit(): void {
    this.timer = setInterval(() => this.sweep(), SWEEP_MS);
    this.timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  sweep(): void {
    this.beats.sweep();
    this.limits.sweep();
    this.logs.sweep();
    this.records.sweep();
    this.events.sweep();
    this.revocations.sweep();
    this.slots.sweep();
  }
}
