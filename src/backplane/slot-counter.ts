/**
 * Counts who holds one of a limited number of places, across all nodes: the sessions of a principal.
 *
 * A holder that is not renewed within its time to live (milliseconds) loses its place, so that the places
 * of a node that died come back. Every method rejects when the engine cannot be reached.
 */
export interface SlotCounter {
  /** Takes a place for `holder` if fewer than `limit` are taken; atomically. True also if it holds one. */
  acquire(key: string, holder: string, limit: number, ttlMs: number): Promise<boolean>;
  /** False: the place had lapsed, and is not taken again. */
  renew(key: string, holder: string, ttlMs: number): Promise<boolean>;
  release(key: string, holder: string): Promise<void>;
  count(key: string): Promise<number>;
}

/** Injection token of the {@link SlotCounter} port. */
export const SlotCounter = Symbol('SlotCounter');
