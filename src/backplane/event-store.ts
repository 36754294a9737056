/** An event that was sent on a stream of a session. */
export interface StoredEvent {
  /** Unique within its log. */
  readonly id: string;
  /** The stream of the session. */
  readonly stream: string;
  readonly data: string;
}

/**
 * The events sent on the streams of a session, so that a client that lost its connection can resume.
 * Bounded in number, size (1,048,576 characters besides the newest entry, which may be a large reply) and age. A
 * removed event is reported as missing, never skipped silently.
 * Every method rejects when the engine cannot be reached.
 */
export interface EventStore {
  /**
   * Entries keep the order in which they are appended. `key` names the session. Resolves with the size of the entries
   * that this process now holds for the session in its memory, in characters.
   */
  append(key: string, entry: StoredEvent): Promise<number>;
  /**
   * The entries after the entry `id` on its stream. Undefined: the log does not contain that entry, or has removed it.
   */
  after(key: string, id: string): Promise<readonly StoredEvent[] | undefined>;
  drop(key: string): Promise<void>;
}

/** Injection token of the {@link EventStore} port. */
export const EventStore = Symbol('EventStore');
