/** The fields of a record or of a log entry. Names that begin with `_` are reserved for the engine. */
export type Fields = Readonly<Record<string, string>>;

/** The state of a record. `ended`: there is a tombstone. `missing`: it never existed, or has expired. */
export type RecordState = 'ok' | 'ended' | 'missing';

/** A change by {@link Records.patch}: applied as a whole or not at all. */
export interface RecordChange {
  readonly set?: Fields;
  readonly unset?: readonly string[];
  /** Condition: the number in `field` is lower or absent. The field then holds the new number. */
  readonly ifHigher?: readonly [field: string, number: number];
}

/**
 * Records of named fields with a time to live, shared by all nodes. Keys name their kind first (`session:<id>`).
 * Every method is atomic for each record. Times to live are milliseconds.
 *
 * The end of a record leaves a tombstone. Only {@link Records.create} makes a record, and never over a
 * tombstone: a node that still holds a record that another node has ended cannot restore it.
 *
 * Every method rejects with `BackplaneUnavailable` while the engine is unavailable; none uses local memory instead.
 */
export interface Records {
  /** False: there is a record or a tombstone. */
  create(key: string, fields: Fields, ttlMs: number): Promise<boolean>;
  /** Undefined: no such record. `extendMs`: the new time to live of an existing record. */
  read(key: string, extendMs?: number): Promise<Fields | 'ended' | undefined>;
  /** Changes an existing record. `unmet`: the condition does not hold. Without `ttlMs` the time to live stays. */
  patch(key: string, change: RecordChange, ttlMs?: number): Promise<RecordState | 'unmet'>;
  /** Sets a new time to live for each existing record. The states are in the order of the keys. */
  extend(keys: readonly string[], ttlMs: number): Promise<readonly RecordState[]>;
  /** Ends a record and leaves a tombstone for `tombstoneMs`, also without a record. False: there was no record. */
  end(key: string, tombstoneMs: number): Promise<boolean>;
}

/** Injection token of the {@link Records} port. */
export const Records = Symbol('Records');
