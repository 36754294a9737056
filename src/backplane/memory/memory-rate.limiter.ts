import { Injectable } from '@nestjs/common';
import type { RateLimit } from '../../config/index.js';
import type { RateLimiter, RateVerdict } from '../rate-limiter.js';
import { GcraBuckets } from './gcra-buckets.js';

/** {@link RateLimiter} in the memory of this process, for one node. */
@Injectable()
export class MemoryRateLimiter implements RateLimiter {
  private readonly buckets = new GcraBuckets();

  take(key: string, limit: RateLimit, cost = 1): RateVerdict {
    return this.buckets.take(key, limit, cost);
  }

  /** Number of keys; bounded. */
  get size(): number {
    return this.buckets.size;
  }

  sweep(): void {
    this.buckets.sweep();
  }
}
