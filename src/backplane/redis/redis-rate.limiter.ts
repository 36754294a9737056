import type { RateLimit } from '../../config/index.js';
import { BackplaneUnavailable } from '../backplane-unavailable.error.js';
import { gcra, GCRA_TOLERANCE, MemoryRateLimiter } from '../memory/memory-rate.limiter.js';
import type { RateLimiter, RateVerdict } from '../rate-limiter.js';
import type { RedisConnection } from './redis.connection.js';
import { Script } from './script.js';

/** The maximum time that a call waits for a verdict of the server. */
const DEADLINE_MS = 100;

/**
 * The arithmetic of `gcra`: returns what the limit lacked before. The value is the time at which the limit is full.
 * ARGV: interval, period, cost, tolerance; milliseconds.
 */
const TAKE = new Script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local before = math.max((tonumber(redis.call('GET', KEYS[1])) or now) - now, 0)
local interval, cost = tonumber(ARGV[1]), tonumber(ARGV[3])
local wanted = cost == 0 and 1 or cost
if cost ~= 0 and before + wanted * interval - tonumber(ARGV[2]) <= interval * tonumber(ARGV[4]) then
  local after = before + cost * interval
  if after > 0 then
    redis.call('SET', KEYS[1], string.format('%.17g', now + after), 'PX', string.format('%.0f', math.ceil(after) + 1))
  else
    redis.call('DEL', KEYS[1])
  end
end
return string.format('%.17g', before)`);

/**
 * {@link RateLimiter} by one script, one trip for each verdict. While the server is out of reach, slow or out of memory, a bucket
 * of this node decides, with the limit divided by the number of nodes.
 */
export class RedisRateLimiter implements RateLimiter {
  private readonly local = new MemoryRateLimiter();

  constructor(
    private readonly connection: RedisConnection,
    /** The number of nodes now. */
    private readonly nodes: () => number,
    private readonly deadlineMs = DEADLINE_MS,
  ) {}

  async take(key: string, limit: RateLimit, cost = 1): Promise<RateVerdict> {
    if (this.connection.status.outage !== undefined) return this.takeHere(key, limit, cost);
    const { count, periodMs } = limit;
    const args = [periodMs / count, periodMs, cost, GCRA_TOLERANCE];
    const asked = this.connection.run((redis) =>
      TAKE.run(redis, [this.connection.key('g', key)], args),
    ) as Promise<string>;
    try {
      const before = await within(asked, this.deadlineMs);
      if (before !== undefined) return gcra(Number(before), limit, cost).verdict;
    } catch (error) {
      if (!(error instanceof BackplaneUnavailable)) throw error;
    }
    return this.takeHere(key, limit, cost);
  }

  sweep(): void {
    this.local.sweep();
  }

  private takeHere(key: string, { count, periodMs }: RateLimit, cost: number): RateVerdict {
    const nodes = Math.max(1, this.nodes());
    const share = Math.max(1, Math.floor(count / nodes));
    // The interval is exact, however the share was rounded.
    const limit = { count: share, periodMs: ((periodMs * nodes) / count) * share };
    // A cost within the limit is allowed here too, only less often.
    return this.local.take(key, limit, cost > share && cost <= count ? share : cost);
  }
}

/** Undefined: no verdict in time. */
async function within<Value>(promise: Promise<Value>, ms: number): Promise<Value | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, ms, undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => undefined);
  }
}
