import { Injectable } from '@nestjs/common';
import type { StoredEvent, EventStore } from '../event-store.js';

const MAX_ENTRIES = 256;
const MAX_AGE_MS = 600_000;
/** Besides the newest entry, whose size other limits bound. */
const MAX_CHARACTERS = 2 ** 20;

interface TimedEntry extends StoredEvent {
  readonly at: number;
}

interface Log {
  readonly entries: TimedEntry[];
  characters: number;
}

/** {@link EventStore} in this process's memory: 256 entries and 1 Mi characters for each session, ten minutes at most. */
@Injectable()
export class MemoryEventStore implements EventStore {
  private readonly logs = new Map<string, Log>();

  async append(key: string, entry: StoredEvent): Promise<number> {
    let log = this.logs.get(key);
    if (log === undefined) this.logs.set(key, (log = { entries: [], characters: 0 }));
    log.entries.push({ ...entry, at: Date.now() });
    log.characters += entry.data.length;
    while (log.entries.length > MAX_ENTRIES || log.characters - entry.data.length > MAX_CHARACTERS) {
      forgetOldest(log);
    }
    return log.characters;
  }

  async after(key: string, id: string): Promise<readonly StoredEvent[] | undefined> {
    this.forgetOld(key);
    const entries = this.logs.get(key)?.entries ?? [];
    const index = entries.findIndex((entry) => entry.id === id);
    if (index === -1) return undefined;
    const wanted = entries[index]!.stream;
    return entries
      .slice(index + 1)
      .filter(({ stream }) => stream === wanted)
      .map(({ id: eventId, stream, data }) => ({ id: eventId, stream, data }));
  }

  async drop(key: string): Promise<void> {
    this.logs.delete(key);
  }

  /** Number of sessions with entries. */
  get size(): number {
    return this.logs.size;
  }

  sweep(): void {
    for (const key of this.logs.keys()) this.forgetOld(key);
  }

  private forgetOld(key: string): void {
    const log = this.logs.get(key);
    if (log === undefined) return;
    const oldest = Date.now() - MAX_AGE_MS;
    while (log.entries.length > 0 && log.entries[0]!.at < oldest) forgetOldest(log);
    if (log.entries.length === 0) this.logs.delete(key);
  }
}

function forgetOldest(log: Log): void {
  log.characters -= log.entries.shift()!.data.length;
}
