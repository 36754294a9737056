import { Injectable } from '@nestjs/common';
import type { ReplayEntry, ReplayLog } from '../replay-log.js';

const MAX_ENTRIES = 256;
const MAX_AGE_MS = 600_000;

interface TimedEntry extends ReplayEntry {
  readonly at: number;
}

/** {@link ReplayLog} in this process's memory: 256 entries for each session, ten minutes at most. */
@Injectable()
export class MemoryReplayLog implements ReplayLog {
  private readonly logs = new Map<string, TimedEntry[]>();

  async append(key: string, entry: ReplayEntry): Promise<void> {
    const log = this.logs.get(key) ?? [];
    if (log.length === 0) this.logs.set(key, log);
    log.push({ ...entry, at: Date.now() });
    if (log.length > MAX_ENTRIES) log.shift();
  }

  async after(key: string, id: string): Promise<readonly ReplayEntry[] | undefined> {
    this.forgetOld(key);
    const log = this.logs.get(key) ?? [];
    const index = log.findIndex((entry) => entry.id === id);
    if (index === -1) return undefined;
    const wanted = log[index]!.stream;
    return log
      .slice(index + 1)
      .filter(({ stream }) => stream === wanted)
      .map(({ id: eventId, stream, data }) => ({ id: eventId, stream, data }));
  }

  async drop(key: string): Promise<void> {
    this.logs.delete(key);
  }

  sweep(): void {
    for (const key of this.logs.keys()) this.forgetOld(key);
  }

  private forgetOld(key: string): void {
    const log = this.logs.get(key) ?? [];
    const oldest = Date.now() - MAX_AGE_MS;
    const kept = log.findIndex(({ at }) => at >= oldest);
    log.splice(0, kept === -1 ? log.length : kept);
    if (log.length === 0) this.logs.delete(key);
  }
}
