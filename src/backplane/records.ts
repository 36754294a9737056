/** A record, or an entry of a log. Field names may not begin with `_`: those are the engine's. */
export type Fields = Readonly<Record<string, string>>;

/** What became of a record. `ended`: it has left a tombstone. `missing`: it never was, or its time has passed. */
export type RecordState = 'ok' | 'ended' | 'missing';

/** What {@link Records.patch} changes, all of it or nothing. */
export interface RecordChange {
  readonly set?: Fields;
  readonly unset?: readonly string[];
  /** The change is made only if the number in `field` is lower, or absent; the field then holds the new number. */
  readonly ifHigher?: readonly [field: string, number: number];
}

/**
 * Records of named fields with a time to live, shared by all nodes. Keys name their kind first (`session:<id>`).
 * Every method is atomic for each record. Times to live are milliseconds.
 *
 * A record that was ended leaves a tombstone, and only {@link Records.create} brings a record into being, never over a
 * tombstone: a node that still holds what another one has ended can't bring it back.
 *
 * Every method rejects with `BackplaneUnavailable` when the engine cannot be reached; none falls back to local memory.
 */
export interface Records {
  /** False: there is one already, or a tombstone. */
  create(key: string, fields: Fields, ttlMs: number): Promise<boolean>;
  /** Undefined: no such record. With `extendMs`, a record that is there gets this time to live. */
  read(key: string, extendMs?: number): Promise<Fields | 'ended' | undefined>;
  /** Changes a record that is there. `unmet`: its condition does not hold. The time to live stays as it is without `ttlMs`. */
  patch(key: string, change: RecordChange, ttlMs?: number): Promise<RecordState | 'unmet'>;
  /** Gives each record that is there a new time to live. The states are in the order of the keys. */
  extend(keys: readonly string[], ttlMs: number): Promise<readonly RecordState[]>;
  /** Ends a record, and leaves a tombstone for `tombstoneMs`, also where there was none. False: there was none. */
  end(key: string, tombstoneMs: number): Promise<boolean>;
}

/** Injection token of the {@link Records} port. */
export const Records = Symbol('Records');
