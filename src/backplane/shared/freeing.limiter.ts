import type { ConcurrencyLimiter } from '../concurrency-limiter.js';
import type { Membership } from './membership.js';

/** A holder that belongs to a node: the node, and its name there. */
const BOUND = /^([\da-f-]{36}):/;

/** The name of a holder that belongs to a node: a full {@link FreeingLimiter} frees its slot after the node is gone. */
export function boundTo(node: string, holder: string): string {
  return `${node}:${holder}`;
}

/** {@link ConcurrencyLimiter} that frees the slots of nodes that are gone before it refuses. */
export class FreeingLimiter implements ConcurrencyLimiter {
  constructor(
    private readonly slots: ConcurrencyLimiter,
    private readonly membership: Membership,
  ) {}

  async acquire(key: string, holder: string, limit: number, ttlMs: number): Promise<boolean> {
    if (await this.slots.acquire(key, holder, limit, ttlMs)) return true;
    return (await this.freeGone(key)) && this.slots.acquire(key, holder, limit, ttlMs);
  }

  renew(key: string, holder: string, ttlMs: number): Promise<boolean> {
    return this.slots.renew(key, holder, ttlMs);
  }

  release(key: string, holder: string): Promise<void> {
    return this.slots.release(key, holder);
  }

  holders(key: string): Promise<readonly string[]> {
    return this.slots.holders(key);
  }

  /** False: there were none. */
  private async freeGone(key: string): Promise<boolean> {
    const holders = await this.slots.holders(key);
    const nodes = new Set(holders.flatMap((holder) => BOUND.exec(holder)?.[1] ?? []));
    const gone: string[] = [];
    for (const node of nodes) if ((await this.membership.check(node)) === 'gone') gone.push(node);
    const freed = holders.filter((holder) => gone.some((node) => holder.startsWith(`${node}:`)));
    await Promise.all(freed.map((holder) => this.slots.release(key, holder)));
    return freed.length > 0;
  }
}
