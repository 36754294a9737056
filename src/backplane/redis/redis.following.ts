import type { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { Elapsed } from '../elapsed.js';
import type { Following, LogFollower, Offset } from '../logs.js';
import type { RedisConnection } from './redis.connection.js';
import { isBefore, logEntryOf, type StreamEntry } from './stream-entry.js';

/** How long a read blocks. Even with a round trip of 500 ms it returns in time to keep the bus live. */
const BLOCK_MS = 250;
const BATCH = 64;
const READ = ['COUNT', BATCH, 'BLOCK', BLOCK_MS, 'STREAMS'];
const RETRY_MS = 20;
/** Time to live of a followed log after its last follower has left. */
const KEEP_MS = 600_000;
const KEEP_EACH_MS = 10_000;
/** After a gap, entries up to this much older than the last one are read again: a promoted replica may be behind. */
const REWIND_MS = 5_000;
const BEGINNING = '0-0';

interface FollowedLog {
  readonly name: string;
  readonly key: string;
  /** The next read begins here. */
  cursor: Offset;
  /** The last entry that was read. While the log contains it, no later entry can be missing. */
  anchor: Offset | undefined;
}

/** Reads streams on a separate connection, until it is stopped. */
export class RedisFollowing implements Following {
  private readonly proven = new Elapsed();
  private everProven = false;
  private readonly kept = new Elapsed();
  private stopped = false;
  private running: Promise<void> | undefined;

  private constructor(
    private readonly connection: RedisConnection,
    private readonly reader: Redis,
    private readonly logs: readonly FollowedLog[],
    private readonly follower: LogFollower,
  ) {}

  static async start(
    connection: RedisConnection,
    keys: ReadonlyMap<string, string>,
    follower: LogFollower,
  ): Promise<RedisFollowing> {
    const logs = await Promise.all(
      [...keys].map(async ([name, key]) => {
        const [last] = (await connection.run((redis) =>
          redis.xrevrange(key, '+', '-', 'COUNT', 1),
        )) as StreamEntry[];
        return { name, key, cursor: last?.[0] ?? BEGINNING, anchor: last?.[0] };
      }),
    );
    const following = new RedisFollowing(connection, await connection.openReader(), logs, follower);
    following.keep();
    following.running = following.run();
    return following;
  }

  get lagMs(): number {
    return this.everProven ? this.proven.ms : Number.POSITIVE_INFINITY;
  }

  forget(log: string, before: Offset): void {
    const key = this.logs.find(({ name }) => name === log)!.key;
    this.connection.run((redis) => redis.xtrim(key, 'MINID', before)).catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.reader.disconnect();
    await this.running;
  }

  private async run(): Promise<void> {
    let hasReturned = false;
    while (!this.stopped) {
      // A read that has returned delivered all entries up to the beginning of the next read.
      if (hasReturned) this.prove();
      hasReturned = false;
      try {
        hasReturned = await this.readOnce();
      } catch {
        if (!this.stopped) await sleep(RETRY_MS);
      }
      if (this.kept.ms > KEEP_EACH_MS) this.keep();
    }
  }

  private prove(): void {
    this.proven.mark();
    this.everProven = true;
  }

  /** True: read to the end. Rejects without a connection. */
  private async readOnce(): Promise<boolean> {
    const { reader, logs } = this;
    const [read, ...anchors] = await Promise.all([
      reader.call('XREAD', [
        ...READ,
        ...logs.map(({ key }) => key),
        ...logs.map(({ cursor }) => cursor),
      ]) as Promise<[string, StreamEntry[]][] | null>,
      // Answered after the read, so that entries removed meanwhile are noticed.
      ...logs.map(({ key, anchor }) =>
        anchor === undefined ? undefined : reader.xrange(key, anchor, anchor),
      ),
    ]);
    const lost = logs.filter((_log, at) => anchors[at]?.length === 0);
    for (const log of lost) await this.rewind(log);
    const batches = (read ?? []).filter(([key]) => !lost.some((log) => log.key === key));
    for (const [key, entries] of batches)
      this.take(
        logs.find((log) => log.key === key)!,
        entries,
      );
    return lost.length === 0 && batches.every(([, entries]) => entries.length < BATCH);
  }

  private take(log: FollowedLog, entries: readonly StreamEntry[]): void {
    log.cursor = log.anchor = entries.at(-1)![0];
    this.follower.take(log.name, entries.map(logEntryOf));
  }

  /** A log that continues before the last entry that was read is a new log: it is read from its beginning. */
  private async rewind(log: FollowedLog): Promise<void> {
    const [last] = (await this.reader.xrevrange(log.key, '+', '-', 'COUNT', 1)) as StreamEntry[];
    const isOther = last === undefined || isBefore(last[0], log.cursor);
    const time = Number(log.cursor.split('-')[0]);
    log.cursor = isOther ? BEGINNING : `${Math.max(0, time - REWIND_MS)}-0`;
    log.anchor = undefined;
    this.follower.gap(log.name);
  }

  private keep(): void {
    this.kept.mark();
    for (const { key } of this.logs) {
      this.connection.run((redis) => redis.pexpire(key, KEEP_MS)).catch(() => undefined);
    }
  }
}
