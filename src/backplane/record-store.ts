/** A record as the backplane keeps it: what survives a trip through JSON. */
export type StoredRecord = Readonly<Record<string, unknown>>;

/**
 * Records with a time to live, shared by all nodes. Keys name their kind first (`session:<id>`).
 *
 * Times to live are milliseconds. A record whose time has passed answers as one that never was.
 * Every method rejects when the engine cannot be reached; none falls back to local memory.
 */
export interface RecordStore {
  /** Writes the record, replacing one that is there. */
  put(key: string, record: StoredRecord, ttlMs: number): Promise<void>;
  get(key: string): Promise<StoredRecord | undefined>;
  /** Gives a record that is there a new time to live. False: there was none. */
  extend(key: string, ttlMs: number): Promise<boolean>;
  /** False: there was none. */
  delete(key: string): Promise<boolean>;
}

/** Injection token of the {@link RecordStore} port. */
export const RecordStore = Symbol('RecordStore');
