/** One event that was sent on a stream of a session. */
export interface ReplayEntry {
  /** Unique within its log. */
  readonly id: string;
  /** Which of the session's streams it was sent on. */
  readonly stream: string;
  readonly data: string;
}

/**
 * What was sent on the streams of a session, so that a client that lost its connection can have the rest.
 * Bounded in number, size (1,048,576 characters beside the newest entry, which may be a large reply) and age: what was
 * pushed out is known to be gone, and never left out silently.
 * Every method rejects when the engine cannot be reached.
 */
export interface ReplayLog {
  /**
   * Entries are kept in the order in which they are appended. `key` names the session. Resolves with the size of what
   * this process keeps for it in its memory now, in characters.
   */
  append(key: string, entry: ReplayEntry): Promise<number>;
  /** What came after the entry `id`, on its stream. Undefined: the log has no such entry, or no longer. */
  after(key: string, id: string): Promise<readonly ReplayEntry[] | undefined>;
  drop(key: string): Promise<void>;
}

/** Injection token of the {@link ReplayLog} port. */
export const ReplayLog = Symbol('ReplayLog');
