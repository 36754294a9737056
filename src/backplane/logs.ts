import type { Fields } from './records.js';

/** Names an entry of one log. Opaque: only the log that gave it can order it. */
export type Offset = string;

export interface LogEntry {
  readonly offset: Offset;
  readonly fields: Fields;
}

/** How much of a log is kept. The oldest entries go first. */
export interface LogBound {
  /** At least so many entries are kept; an engine may keep a few more. */
  readonly entries: number;
  /** No more than so many characters of fields are kept beside the newest entry. */
  readonly characters?: number;
  /** The whole log is forgotten when nothing was appended, and no node followed it, for so long. */
  readonly ttlMs: number;
  /** Appends only to a log that is there. */
  readonly existingOnly?: boolean;
}

/** What {@link Logs.follow} calls. Neither may throw. */
export interface LogFollower {
  /** New entries of one log, in order. */
  take(log: string, batch: readonly LogEntry[]): void;
  /**
   * Entries of this log may have been missed: they were pushed out, or the engine has lost them. Entries that were
   * taken before may come again.
   */
  gap(log: string): void;
}

/** A reader that runs until it is stopped. */
export interface Following {
  /**
   * Everything that was appended this many milliseconds and half a round trip ago has been taken. Grows without end
   * while the engine cannot be reached.
   */
  readonly lagMs: number;
  /** Forgets the entries of a log before this one. Best effort: it never rejects. */
  forget(log: string, before: Offset): void;
  stop(): Promise<void>;
}

/** Append-only logs that all nodes write and read. Methods reject with `BackplaneUnavailable`. */
export interface Logs {
  /** Undefined: `existingOnly`, and there is no such log. */
  append(log: string, entry: Fields, bound: LogBound): Promise<Offset | undefined>;
  /**
   * At most `most` entries after `offset`; without one, from the oldest that is kept. Undefined: the log does not hold the entry
   * `offset`, so something after it may be missing.
   */
  after(log: string, offset: Offset | undefined, most: number): Promise<readonly LogEntry[] | undefined>;
  drop(log: string): Promise<void>;
  /** Reads what is appended to some logs from now on. Resolves once nothing that is appended later can be missed. */
  follow(logs: readonly string[], follower: LogFollower): Promise<Following>;
}

/** Injection token of the {@link Logs} port. */
export const Logs = Symbol('Logs');
