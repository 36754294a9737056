import { Injectable } from '@nestjs/common';
import type { ConcurrencyLimiter } from '../concurrency-limiter.js';
import { ExpiringMap } from './expiring-map.js';

/** {@link ConcurrencyLimiter} in this process's memory. */
@Injectable()
export class MemoryConcurrencyLimiter implements ConcurrencyLimiter {
  private readonly keys = new Map<string, ExpiringMap<true>>();

  async acquire(key: string, holder: string, limit: number, ttlMs: number): Promise<boolean> {
    const holders = this.keys.get(key) ?? new ExpiringMap<true>();
    const expiresAt = Date.now() + ttlMs;
    if (holders.extend(holder, expiresAt)) return true;
    if (holders.size >= limit) holders.sweep();
    if (holders.size >= limit) return false;
    holders.set(holder, true, expiresAt);
    this.keys.set(key, holders);
    return true;
  }

  async renew(key: string, holder: string, ttlMs: number): Promise<boolean> {
    return this.keys.get(key)?.extend(holder, Date.now() + ttlMs) ?? false;
  }

  async release(key: string, holder: string): Promise<void> {
    const holders = this.keys.get(key);
    if (holders === undefined) return;
    holders.delete(holder);
    if (holders.size === 0) this.keys.delete(key);
  }

  async holders(key: string): Promise<readonly string[]> {
    const holders = this.keys.get(key);
    holders?.sweep();
    return [...(holders?.keys() ?? [])];
  }

  /** Number of keys with a holder. */
  get size(): number {
    return this.keys.size;
  }

  sweep(): void {
    for (const [key, holders] of this.keys) {
      holders.sweep();
      if (holders.size === 0) this.keys.delete(key);
    }
  }
}
