import type { ConcurrencyLimiter } from '../concurrency-limiter.js';
import type { RedisConnection } from './redis.connection.js';
import { Script } from './script.js';

/** Removes expired holders from the set. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)`;

const KEEP = `
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
if last then redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', tonumber(last))) end`;

/** ARGV: holder, limit or -1, time to live. */
const ACQUIRE = new Script(`${NOW}
local limit = tonumber(ARGV[2])
if limit >= 0 and not redis.call('ZSCORE', KEYS[1], ARGV[1]) and redis.call('ZCARD', KEYS[1]) >= limit then return 0 end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[3]), ARGV[1])${KEEP}
return 1`);

const RENEW = new Script(`${NOW}
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])${KEEP}
return 1`);

const HOLDERS = new Script(`${NOW}
return redis.call('ZRANGE', KEYS[1], 0, -1)`);

/** {@link ConcurrencyLimiter} as sorted sets: each holder with the end of its time, by the server's clock. */
export class RedisConcurrencyLimiter implements ConcurrencyLimiter {
  constructor(private readonly connection: RedisConnection) {}

  async acquire(key: string, holder: string, limit: number, ttlMs: number): Promise<boolean> {
    return (await this.run(ACQUIRE, key, [holder, Number.isFinite(limit) ? limit : -1, ttlMs])) === 1;
  }

  async renew(key: string, holder: string, ttlMs: number): Promise<boolean> {
    return (await this.run(RENEW, key, [holder, ttlMs])) === 1;
  }

  async release(key: string, holder: string): Promise<void> {
    await this.connection.run((redis) => redis.zrem(this.keyOf(key), holder));
  }

  async holders(key: string): Promise<readonly string[]> {
    return (await this.run(HOLDERS, key, [])) as string[];
  }

  private keyOf(key: string): string {
    return this.connection.key('s', key);
  }

  private run(script: Script, key: string, args: readonly (string | number)[]): Promise<unknown> {
    return this.connection.run((redis) => script.run(redis, [this.keyOf(key)], args));
  }
}
