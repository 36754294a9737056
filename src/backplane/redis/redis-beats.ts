import { randomUUID } from 'node:crypto';
import {
  BEAT_TIMES,
  type BeatReport,
  type Beats,
  type BeatTimes,
  KEEP_GONE_MS,
  type NodeState,
} from '../beats.js';
import type { Fields } from '../records.js';
import type { RedisConnection } from './redis.connection.js';
import { Script } from './script.js';

/**
 * One hash: for each node "<last> <since> <gone> <info>", and in `_gen` "<replication id> <born> <generation>".
 * ARGV: node, info, unsureMs, goneMs, keepMs, replication id, a new generation.
 */
const BEAT = new Script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function write(field, ...) redis.call('HSET', KEYS[1], field, table.concat({...}, ' ')) end
local function whole(number) return string.format('%.0f', number) end
local function parse(text) return string.match(text, '^(%d+) (%d+) (%d) (.*)$') end

local known = redis.call('HGET', KEYS[1], '_gen') or ''
local replid, born, gen = string.match(known, '^(%S+) (%d+) (%S+)$')
if replid ~= ARGV[6] then
  born, gen = whole(now), ARGV[7]
  write('_gen', ARGV[6], born, gen)
end

local since, fenced = now, '0'
local mine = redis.call('HGET', KEYS[1], ARGV[1])
if mine then
  local last, mySince, gone = parse(mine)
  if now - last <= tonumber(ARGV[3]) then since = tonumber(mySince) end
  fenced = gone
end
write(ARGV[1], whole(now), whole(since), '0', ARGV[2])

local reply = {whole(now), fenced, gen, whole(now - born)}
local all = redis.call('HGETALL', KEYS[1])
for at = 1, #all, 2 do
  local id = all[at]
  if id ~= '_gen' then
    local last, hisSince, gone, info = parse(all[at + 1])
    local silent = now - math.max(tonumber(last), since)
    local state = 'alive'
    if gone == '1' then
      state = 'gone'
    elseif silent >= tonumber(ARGV[4]) then
      state = 'gone'
      write(id, last, hisSince, '1', info)
    elseif silent >= tonumber(ARGV[3]) then
      state = 'unsure'
    end
    if now - last > tonumber(ARGV[5]) then
      redis.call('HDEL', KEYS[1], id)
    else
      reply[#reply + 1] = id
      reply[#reply + 1] = state
      reply[#reply + 1] = info
    end
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return reply`);

/** {@link Beats} as one hash, by the server's clock. */
export class RedisBeats implements Beats {
  readonly isLocal = false;
  /** Changes with each restart of the server, and when a replica takes its place. */
  private replicationId: string | undefined;

  constructor(
    private readonly connection: RedisConnection,
    private readonly times: BeatTimes = BEAT_TIMES,
  ) {
    connection.onceMoreReady(() => (this.replicationId = undefined));
  }

  async beat(node: string, info: Fields): Promise<BeatReport> {
    this.replicationId ??= await this.readReplicationId();
    const { unsureMs, goneMs } = this.times;
    const args = [unsureMs, goneMs, KEEP_GONE_MS, this.replicationId, randomUUID()];
    const sentAt = Date.now();
    const reply = (await this.connection.run((redis) =>
      BEAT.run(redis, [this.key], [node, JSON.stringify(info), ...args]),
    )) as string[];
    const [now, fenced, generation, age, ...flat] = reply;
    return {
      fenced: fenced === '1',
      nodes: nodesOf(flat),
      // The server has read its clock about halfway between.
      skewMs: Number(now) - (sentAt + Date.now()) / 2,
      generation: generation!,
      generationAgeMs: Number(age),
    };
  }

  async withdraw(node: string): Promise<void> {
    await this.connection.run((redis) => redis.hdel(this.key, node));
  }

  private get key(): string {
    return this.connection.key('b', 'nodes');
  }

  private async readReplicationId(): Promise<string> {
    const text = await this.connection.run((redis) => redis.info('replication'));
    return /^master_replid:(\S+)/m.exec(text)?.[1] ?? 'unknown';
  }
}

function nodesOf(flat: readonly string[]): BeatReport['nodes'] {
  return Array.from({ length: flat.length / 3 }, (_, at) => {
    const [id, state, info] = flat.slice(3 * at, 3 * at + 3) as [string, NodeState, string];
    return { id, state, info: JSON.parse(info) as Fields };
  });
}
