import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Principal } from '../../mcp/index.js';

const MAX_TOKENS = 10_000;
const MAX_BYTES = 8 * 1024 * 1024;
/** After this the signature is verified again: the issuer may have withdrawn the key. */
const TTL_MS = 5 * 60_000;

/**
 * Caches the principals of verified tokens, so that signatures are not computed each time. Refusals are not cached, and
 * revocation is checked each time.
 */
@Injectable()
export class VerifiedTokenCache {
  private readonly principals = new LRUCache<string, Principal>({
    max: MAX_TOKENS,
    maxSize: MAX_BYTES,
    ttl: TTL_MS,
    ttlResolution: 1_000,
    perf: { now: () => Date.now() },
    sizeCalculation: (_principal, token) => token.length,
  });

  /** Undefined also for a token that has expired since. */
  get(token: string): Principal | undefined {
    const principal = this.principals.get(token);
    if (principal === undefined || Date.now() < principal.refusedFrom) return principal;
    this.principals.delete(token);
    return undefined;
  }

  add(token: string, principal: Principal): void {
    this.principals.set(token, principal);
  }

  get size(): number {
    return this.principals.size;
  }

  get bytes(): number {
    return this.principals.calculatedSize;
  }
}
