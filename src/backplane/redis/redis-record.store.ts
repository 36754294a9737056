import type { RecordStore, StoredRecord } from '../record-store.js';
import type { RedisConnection } from './redis.connection.js';

/** {@link RecordStore} as texts of JSON. */
export class RedisRecordStore implements RecordStore {
  constructor(private readonly connection: RedisConnection) {}

  async put(key: string, record: StoredRecord, ttlMs: number): Promise<void> {
    await this.connection.run((redis) => redis.set(this.keyOf(key), JSON.stringify(record), 'PX', ttlMs));
  }

  async get(key: string): Promise<StoredRecord | undefined> {
    const text = await this.connection.run((redis) => redis.get(this.keyOf(key)));
    return text === null ? undefined : (JSON.parse(text) as StoredRecord);
  }

  async extend(key: string, ttlMs: number): Promise<boolean> {
    return (await this.connection.run((redis) => redis.pexpire(this.keyOf(key), ttlMs))) === 1;
  }

  async delete(key: string): Promise<boolean> {
    return (await this.connection.run((redis) => redis.del(this.keyOf(key)))) === 1;
  }

  private keyOf(key: string): string {
    return this.connection.key('t', key);
  }
}
