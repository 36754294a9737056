import { Injectable } from '@nestjs/common';
import type { RateLimit } from '../../config/index.js';
import type { RateLimiter, RateVerdict } from '../rate-limiter.js';
import { GcraBuckets } from './gcra-buckets.js';

/** {@link RateLimiter} in this process's memory: there is one node, and nothing to be out of reach. */
@Injectable()
export class MemoryRateLimiter implements RateLimiter {
  private readonly buckets = new GcraBuckets();

  async take(key: string, limit: RateLimit, cost = 1): Promise<RateVerdict> {
    return this.buckets.take(key, limit, cost);
  }

  /** How many keys it remembers; bounded. */
  get size(): number {
    return this.buckets.size;
  }

  sweep(): void {
    this.buckets.sweep();
  }
}
