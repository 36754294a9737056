import { Injectable } from '@nestjs/common';
import type { Following, LogBound, LogEntry, LogFollower, Logs, Offset } from '../logs.js';
import type { Fields } from '../records.js';

interface Log {
  entries: LogEntry[];
  characters: number;
  appended: number;
  expiresAt: number;
  readonly followers: Set<LogFollower>;
}

/** {@link Logs} in this process's memory. Several nodes of a test may share one. Followers are called at the end of the turn. */
@Injectable()
export class MemoryLogs implements Logs {
  private readonly logs = new Map<string, Log>();

  async append(name: string, fields: Fields, bound: LogBound): Promise<Offset | undefined> {
    const log = bound.existingOnly === true ? this.find(name) : this.findOrMake(name);
    if (log === undefined) return undefined;
    log.appended += 1;
    log.expiresAt = Date.now() + bound.ttlMs;
    const entry = { offset: String(log.appended), fields };
    log.entries.push(entry);
    log.characters += sizeOf(entry);
    const { entries, characters = Number.POSITIVE_INFINITY } = bound;
    const own = sizeOf(entry);
    while (log.entries.length > entries || log.characters - own > characters) shift(log);
    for (const follower of log.followers) {
      queueMicrotask(() => {
        if (log.followers.has(follower)) follower.take(name, [entry]);
      });
    }
    return entry.offset;
  }

  async after(
    name: string,
    offset: Offset | undefined,
    most: number,
  ): Promise<readonly LogEntry[] | undefined> {
    const entries = this.find(name)?.entries ?? [];
    if (offset === undefined) return entries.slice(0, most);
    const at = entries.findIndex((entry) => entry.offset === offset);
    return at === -1 ? undefined : entries.slice(at + 1, at + 1 + most);
  }

  async drop(name: string): Promise<void> {
    this.logs.delete(name);
  }

  async follow(names: readonly string[], follower: LogFollower): Promise<Following> {
    for (const name of names) this.findOrMake(name).followers.add(follower);
    return {
      lagMs: 0,
      forget: (name, before) => {
        const log = this.find(name);
        while (log?.entries[0] !== undefined && Number(log.entries[0].offset) < Number(before)) shift(log);
      },
      stop: async () => {
        for (const name of names) this.logs.get(name)?.followers.delete(follower);
      },
    };
  }

  /** Number of logs. */
  get size(): number {
    return this.logs.size;
  }

  sweep(): void {
    for (const name of this.logs.keys()) this.find(name);
  }

  private findOrMake(name: string): Log {
    let log = this.find(name);
    if (log === undefined) {
      log = { entries: [], characters: 0, appended: 0, expiresAt: 0, followers: new Set() };
      this.logs.set(name, log);
    }
    return log;
  }

  private find(name: string): Log | undefined {
    const log = this.logs.get(name);
    if (log === undefined || log.followers.size > 0 || log.expiresAt > Date.now()) return log;
    this.logs.delete(name);
    return undefined;
  }
}

function shift(log: Log): void {
  log.characters -= sizeOf(log.entries.shift()!);
}

function sizeOf({ fields }: LogEntry): number {
  let size = 0;
  for (const value of Object.values(fields)) size += value.length;
  return size;
}
