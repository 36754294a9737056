import { Injectable } from '@nestjs/common';
import type { RecordStore, StoredRecord } from '../record-store.js';
import { ExpiringMap } from './expiring-map.js';

/** {@link RecordStore} in this process's memory. */
@Injectable()
export class MemoryRecordStore implements RecordStore {
  private readonly records = new ExpiringMap<StoredRecord>();

  async put(key: string, record: StoredRecord, ttlMs: number): Promise<void> {
    this.records.set(key, record, Date.now() + ttlMs);
  }

  async get(key: string): Promise<StoredRecord | undefined> {
    return this.records.get(key);
  }

  async extend(key: string, ttlMs: number): Promise<boolean> {
    return this.records.extend(key, Date.now() + ttlMs);
  }

  async delete(key: string): Promise<boolean> {
    return this.records.delete(key);
  }

  /** How many records it holds. */
  get size(): number {
    return this.records.size;
  }

  sweep(): void {
    this.records.sweep();
  }
}
