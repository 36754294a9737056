import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../caller.js';
import { nowSeconds } from './clock.js';

const MAX_TOKENS = 10_000;
const MAX_BYTES = 8 * 1024 * 1024;
/** After that the signature is looked at again: its issuer may have withdrawn the key. */
const TTL_MS = 5 * 60_000;

/**
 * The callers of tokens that have been verified, so that a signature is not computed each time. Remembers no refusal
 * and answers for nothing but the signature and the claims: revocation is asked each time.
 */
@Injectable()
export class VerifiedTokenCache {
  private readonly callers = new LRUCache<string, Caller>({
    max: MAX_TOKENS,
    maxSize: MAX_BYTES,
    ttl: TTL_MS,
    ttlResolution: 1_000,
    perf: { now: () => Date.now() },
    sizeCalculation: (_caller, token) => token.length,
  });

  /** Undefined also for a token that has meanwhile expired. */
  get(token: string): Caller | undefined {
    const caller = this.callers.get(token);
    if (caller === undefined || nowSeconds() < caller.extra.refusedFrom) return caller;
    this.callers.delete(token);
    return undefined;
  }

  add(caller: Caller): void {
    this.callers.set(caller.token, caller);
  }

  get size(): number {
    return this.callers.size;
  }

  get bytes(): number {
    return this.callers.calculatedSize;
  }
}
