/**
 * Counts the holders of a limited number of slots over all nodes, such as the sessions of a user.
 *
 * A holder that is not renewed within its time to live (milliseconds) loses its slot, so that the slots of a crashed
 * node become free. Every method rejects while the engine is unavailable.
 */
export interface ConcurrencyLimiter {
  /** Takes a slot for `holder` if fewer than `limit` are taken; atomic. True also if it holds one. */
  acquire(key: string, holder: string, limit: number, ttlMs: number): Promise<boolean>;
  /** False: the slot had expired, and is not taken again. */
  renew(key: string, holder: string, ttlMs: number): Promise<boolean>;
  release(key: string, holder: string): Promise<void>;
  /** The holders of slots now. */
  holders(key: string): Promise<readonly string[]>;
}

/** Injection token of the {@link ConcurrencyLimiter} port. */
export const ConcurrencyLimiter = Symbol('ConcurrencyLimiter');
