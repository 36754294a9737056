import { Injectable } from '@nestjs/common';
import type { Fields, RecordChange, Records, RecordState } from '../records.js';
import { ExpiringMap } from './expiring-map.js';

interface StoredRecord {
  fields: Fields;
}

/** {@link Records} in this process's memory. Several nodes of a test may share one. */
@Injectable()
export class MemoryRecords implements Records {
  private readonly records = new ExpiringMap<StoredRecord | 'ended'>();

  async create(key: string, fields: Fields, ttlMs: number): Promise<boolean> {
    if (this.records.get(key) !== undefined) return false;
    this.records.set(key, { fields: { ...fields } }, Date.now() + ttlMs);
    return true;
  }

  async read(key: string, extendMs?: number): Promise<Fields | 'ended' | undefined> {
    const record = this.records.get(key);
    if (record === undefined || record === 'ended') return record;
    if (extendMs !== undefined) this.records.extend(key, Date.now() + extendMs);
    return record.fields;
  }

  async patch(key: string, change: RecordChange, ttlMs?: number): Promise<RecordState | 'unmet'> {
    const record = this.records.get(key);
    if (record === undefined) return 'missing';
    if (record === 'ended') return 'ended';
    const { set = {}, unset = [], ifHigher } = change;
    const fields = { ...record.fields, ...set };
    for (const name of unset) delete fields[name];
    if (ifHigher !== undefined) {
      const [field, number] = ifHigher;
      if (Number(record.fields[field] ?? Number.NEGATIVE_INFINITY) >= number) return 'unmet';
      fields[field] = String(number);
    }
    // A new object: a reader may hold the old one.
    record.fields = fields;
    if (ttlMs !== undefined) this.records.extend(key, Date.now() + ttlMs);
    return 'ok';
  }

  async extend(keys: readonly string[], ttlMs: number): Promise<readonly RecordState[]> {
    const expiresAt = Date.now() + ttlMs;
    return keys.map((key) => {
      const record = this.records.get(key);
      if (record === undefined) return 'missing';
      if (record === 'ended') return 'ended';
      this.records.extend(key, expiresAt);
      return 'ok';
    });
  }

  async end(key: string, tombstoneMs: number): Promise<boolean> {
    const record = this.records.get(key);
    this.records.set(key, 'ended', Date.now() + tombstoneMs);
    return record !== undefined && record !== 'ended';
  }

  /** Number of records and tombstones. */
  get size(): number {
    return this.records.size;
  }

  sweep(): void {
    this.records.sweep();
  }
}
