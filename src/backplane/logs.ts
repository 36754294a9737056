import type { Fields } from './records.js';

/** The position of an entry in one log. Opaque. */
export type Offset = string;

export interface LogEntry {
  readonly offset: Offset;
  readonly fields: Fields;
}

/** Bounds of a log. The oldest entries are removed first. */
export interface LogBound {
  /** Number of entries kept; an engine may keep a few more. */
  readonly entries: number;
  /** Maximum characters of fields kept besides the newest entry. */
  readonly characters?: number;
  /** The log is removed after this time without an append and without a follower. */
  readonly ttlMs: number;
  /** Appends only to an existing log. */
  readonly existingOnly?: boolean;
}

/** Callbacks of {@link Logs.follow}. They must not throw. */
export interface LogFollower {
  /** New entries of one log, in order. */
  take(log: string, batch: readonly LogEntry[]): void;
  /**
   * Entries of this log may have been missed: they were removed, or the engine has lost them. Entries that were
   * delivered before may be delivered again.
   */
  gap(log: string): void;
}

/** A running reader. */
export interface Following {
  /**
   * All entries appended this many milliseconds and half a round trip ago have been delivered. Grows
   * while the engine is unavailable.
   */
  readonly lagMs: number;
  /** Removes the entries before this one. Best effort: never rejects. */
  forget(log: string, before: Offset): void;
  stop(): Promise<void>;
}

/** Append-only logs that all nodes write and read. Methods reject with `BackplaneUnavailable`. */
export interface Logs {
  /** Undefined: `existingOnly`, and the log does not exist. */
  append(log: string, entry: Fields, bound: LogBound): Promise<Offset | undefined>;
  /**
   * At most `most` entries after `offset`; without one, from the oldest that is kept. Undefined: the log does not hold the entry
   * `offset`, so something after it may be missing.
   */
  after(log: string, offset: Offset | undefined, most: number): Promise<readonly LogEntry[] | undefined>;
  drop(log: string): Promise<void>;
  /** Reads the entries that are appended from now on. Resolves when no later entry can be missed. */
  follow(logs: readonly string[], follower: LogFollower): Promise<Following>;
}

/** Injection token of the {@link Logs} port. */
export const Logs = Symbol('Logs');
