import { LRUCache } from 'lru-cache';
import type { LogEntry, Logs, Offset } from '../logs.js';
import type { StoredEvent, EventStore } from '../event-store.js';

/** The bound of the memory engine, plus room for the names of the entries. */
const BOUND = { entries: 256, characters: 2 ** 20 + 2 ** 14, ttlMs: 600_000 };
const MAX_PLACES = 10_000;

/** {@link EventStore} on the shared logs. Holds no entries in the memory of this process. */
export class SharedEventStore implements EventStore {
  /** Positions of the entries read last, so that a reader that continues does not read the whole log again. */
  private readonly places = new LRUCache<string, { readonly offset: Offset; readonly stream: string }>({
    max: MAX_PLACES,
  });

  constructor(private readonly logs: Logs) {}

  async append(key: string, { id, stream, data }: StoredEvent): Promise<number> {
    await this.logs.append(logOf(key), { i: id, s: stream, d: data }, BOUND);
    return 0;
  }

  async after(key: string, id: string): Promise<readonly StoredEvent[] | undefined> {
    const place = this.places.get(`${key} ${id}`);
    const entries = await this.logs.after(logOf(key), place?.offset, BOUND.entries);
    if (place !== undefined) return entries && this.read(key, entries, place.stream);
    const at = entries?.findIndex(({ fields }) => fields['i'] === id) ?? -1;
    if (entries === undefined || at === -1) return undefined;
    return this.read(key, entries.slice(at), entries[at]!.fields['s']!).slice(1);
  }

  drop(key: string): Promise<void> {
    return this.logs.drop(logOf(key));
  }

  /** The entries of a stream. Remembers the position of the last one. */
  private read(key: string, entries: readonly LogEntry[], stream: string): StoredEvent[] {
    const own = entries.filter(({ fields }) => fields['s'] === stream);
    const last = own.at(-1);
    if (last !== undefined) this.places.set(`${key} ${last.fields['i']}`, { offset: last.offset, stream });
    return own.map(({ fields }) => ({ id: fields['i']!, stream, data: fields['d']! }));
  }
}

function logOf(key: string): string {
  return `replay:${key}`;
}
