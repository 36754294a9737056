import type { Following, LogBound, LogEntry, LogFollower, Logs, Offset } from '../logs.js';
import type { Fields } from '../records.js';
import type { RedisConnection } from './redis.connection.js';
import { RedisFollowing } from './redis.following.js';
import { Script } from './script.js';
import { logEntryOf, type StreamEntry } from './stream-entry.js';

/**
 * For a log of bounded size: each entry begins with its size and the total size of the entries before it.
 * ARGV: size of the entry, most entries, most characters beside the newest, time to live, fields.
 */
const APPEND_SIZED = new Script(`
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local before = last and tonumber(last[2][2]) + tonumber(last[2][4]) or 0
local id = redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[2], '*',
  '_before', string.format('%.0f', before), '_size', ARGV[1], unpack(ARGV, 5))
while true do
  local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
  if first[1] == id or before - tonumber(first[2][2]) <= tonumber(ARGV[3]) then break end
  redis.call('XDEL', KEYS[1], first[1])
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return id`);

/** {@link Logs} as streams, with ids of the server: readers would miss ids that count from 1 again after a loss of data. */
export class RedisLogs implements Logs {
  constructor(private readonly connection: RedisConnection) {}

  async append(log: string, fields: Fields, bound: LogBound): Promise<Offset | undefined> {
    const key = this.keyOf(log);
    const flat = Object.entries(fields).flat();
    const { entries, ttlMs, characters, existingOnly = false } = bound;
    if (characters !== undefined) {
      const args = [sizeOf(fields), entries, characters, ttlMs, ...flat];
      return (await this.connection.run((redis) => APPEND_SIZED.run(redis, [key], args))) as Offset;
    }
    const options = existingOnly ? ['NOMKSTREAM'] : [];
    const reply = await this.connection.run((redis) => {
      const added = redis.call('XADD', key, ...options, 'MAXLEN', '~', entries, '*', ...flat);
      // In the same write. A follower renews the log that it reads.
      if (!existingOnly) redis.pexpire(key, ttlMs).catch(() => undefined);
      return added;
    });
    return (reply as Offset | null) ?? undefined;
  }

  async after(
    log: string,
    offset: Offset | undefined,
    most: number,
  ): Promise<readonly LogEntry[] | undefined> {
    const from = offset ?? '-';
    const reply = await this.connection.run((redis) =>
      redis.xrange(this.keyOf(log), from, '+', 'COUNT', most + 1),
    );
    const entries = (reply as StreamEntry[]).map(logEntryOf);
    if (offset === undefined) return entries.slice(0, most);
    return entries[0]?.offset === offset ? entries.slice(1) : undefined;
  }

  async drop(log: string): Promise<void> {
    await this.connection.run((redis) => redis.del(this.keyOf(log)));
  }

  async follow(logs: readonly string[], follower: LogFollower): Promise<Following> {
    const keys = new Map(logs.map((log) => [log, this.keyOf(log)]));
    return RedisFollowing.start(this.connection, keys, follower);
  }

  private keyOf(log: string): string {
    return this.connection.key('l', log);
  }
}

function sizeOf(fields: Fields): number {
  return Object.values(fields).reduce((size, value) => size + value.length, 0);
}
