import type { Fields, RecordChange, Records, RecordState } from '../records.js';
import type { RedisConnection } from './redis.connection.js';
import { Script } from './script.js';

/** The only field of a tombstone. */
const ENDED = '_end';

/** Results of the scripts. */
const STATES: Readonly<Record<number, RecordState | 'unmet'>> = {
  [-1]: 'ended',
  0: 'missing',
  1: 'ok',
  2: 'unmet',
};

/** Continues only with an existing hash that is no tombstone. */
const THERE = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if redis.call('HEXISTS', KEYS[1], '${ENDED}') == 1 then return -1 end`;

const CREATE = new Script(`
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
for at = 2, #ARGV, 1000 do redis.call('HSET', KEYS[1], unpack(ARGV, at, math.min(at + 999, #ARGV))) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1`);

const READ = new Script(`${THERE}
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return redis.call('HGETALL', KEYS[1])`);

const EXTEND = new Script(`${THERE}
return redis.call('PEXPIRE', KEYS[1], ARGV[1])`);

/** ARGV: time to live or '', field and number of ifHigher or '' '', count of pairs to set, pairs, names to unset. */
const PATCH = new Script(`${THERE}
if ARGV[2] ~= '' then
  local value = redis.call('HGET', KEYS[1], ARGV[2])
  if value and tonumber(value) >= tonumber(ARGV[3]) then return 2 end
end
local sets = tonumber(ARGV[4])
if sets > 0 then redis.call('HSET', KEYS[1], unpack(ARGV, 5, 4 + 2 * sets)) end
if #ARGV > 4 + 2 * sets then redis.call('HDEL', KEYS[1], unpack(ARGV, 5 + 2 * sets)) end
if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], ARGV[2], ARGV[3]) end
if ARGV[1] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return 1`);

/** Deletes first, so that the record is removed even without memory for the tombstone. */
const END = new Script(`
local there = redis.call('EXISTS', KEYS[1]) == 1 and redis.call('HEXISTS', KEYS[1], '${ENDED}') == 0
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], '${ENDED}', '1')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return there and 1 or 0`);

/** {@link Records} as hashes. */
export class RedisRecords implements Records {
  constructor(private readonly connection: RedisConnection) {}

  async create(key: string, fields: Fields, ttlMs: number): Promise<boolean> {
    return (await this.run(CREATE, key, [ttlMs, ...Object.entries(fields).flat()])) === 1;
  }

  async read(key: string, extendMs?: number): Promise<Fields | 'ended' | undefined> {
    const reply =
      extendMs === undefined
        ? await this.connection.run((redis) => redis.hgetall(this.keyOf(key)))
        : await this.run(READ, key, [extendMs]);
    if (typeof reply === 'number') return reply === 0 ? undefined : 'ended';
    const fields = Array.isArray(reply) ? fieldsOf(reply as string[]) : (reply as Fields);
    if (fields[ENDED] !== undefined) return 'ended';
    return Object.keys(fields).length === 0 ? undefined : fields;
  }

  async patch(key: string, change: RecordChange, ttlMs?: number): Promise<RecordState | 'unmet'> {
    const { set = {}, unset = [], ifHigher = ['', ''] } = change;
    const pairs = Object.entries(set);
    const args = [ttlMs ?? '', ...ifHigher, pairs.length, ...pairs.flat(), ...unset];
    return STATES[(await this.run(PATCH, key, args)) as number]!;
  }

  async extend(keys: readonly string[], ttlMs: number): Promise<readonly RecordState[]> {
    const replies = await Promise.all(keys.map((key) => this.run(EXTEND, key, [ttlMs])));
    return replies.map((reply) => STATES[reply as number] as RecordState);
  }

  async end(key: string, tombstoneMs: number): Promise<boolean> {
    return (await this.run(END, key, [tombstoneMs])) === 1;
  }

  private keyOf(key: string): string {
    return this.connection.key('r', key);
  }

  private run(script: Script, key: string, args: readonly (string | number)[]): Promise<unknown> {
    return this.connection.run((redis) => script.run(redis, [this.keyOf(key)], args));
  }
}

function fieldsOf(flat: readonly string[]): Fields {
  const fields: Record<string, string> = {};
  for (let at = 0; at < flat.length; at += 2) fields[flat[at]!] = flat[at + 1]!;
  return fields;
}
