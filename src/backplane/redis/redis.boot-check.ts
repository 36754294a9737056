import { randomUUID } from 'node:crypto';
import { BackplaneRefused } from '../backplane-refused.error.js';
import { BackplaneUnavailable } from '../backplane-unavailable.error.js';
import { addressOf, type RedisAddress } from './redis.address.js';
import type { RedisConnection } from './redis.connection.js';
import { RedisLogs } from './redis-logs.js';
import { RedisRecords } from './redis-records.js';
import { RedisConcurrencyLimiter } from './redis-concurrency.limiter.js';

const OLDEST = '6.2';
const MAX_SKEW_MS = 5_000;
const SELF_TEST_MS = 10_000;

/**
 * Checks version and configuration of the server, and tries every kind of command. Resolves with warnings for the log.
 *
 * @throws {BackplaneRefused} for a server whose configuration cannot be used.
 * @throws {BackplaneUnavailable} when it can't be reached.
 */
export async function checkRedis(connection: RedisConnection, url: string): Promise<readonly string[]> {
  const info = await readInfo(connection);
  refuse(info);
  await tryOut(connection);
  return [...warningsOf(info, addressOf(url)), ...(await clockWarnings(connection))];
}

type Info = ReadonlyMap<string, string>;

async function readInfo(connection: RedisConnection): Promise<Info> {
  const text = await permitted('INFO', () => connection.run((redis) => redis.info()));
  const pairs = text.split('\r\n').map((line) => /^([^#:]+):(.*)$/.exec(line) ?? []);
  return new Map(pairs.map(([, name = '', value = '']) => [name, value]));
}

function refuse(info: Info): void {
  const version = info.get('redis_version') ?? '0';
  if (version.localeCompare(OLDEST, 'en', { numeric: true }) < 0) {
    throw new BackplaneRefused(`it is Redis ${version}`, `Use Redis ${OLDEST} or later, or Valkey.`);
  }
  if (info.get('cluster_enabled') === '1') {
    throw new BackplaneRefused(
      'it is a Redis Cluster',
      'Use one primary: a standalone server, or a managed one with one shard.',
    );
  }
  if (info.get('role') === 'slave') {
    throw new BackplaneRefused('it is a replica', 'Put the address of the primary in REDIS_URL.');
  }
  const policy = info.get('maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction' && info.get('maxmemory') !== '0') {
    // Every key has a time to live, so `volatile-*` evicts exactly these keys.
    throw new BackplaneRefused(
      `it drops sessions and revocations when its memory is full (maxmemory-policy ${policy})`,
      'Set it: CONFIG SET maxmemory-policy noeviction, or the same in the parameter group of a managed server.',
    );
  }
}

/** Runs each kind of command once, on keys of its own. */
async function tryOut(connection: RedisConnection): Promise<void> {
  const name = `self-test:${randomUUID()}`;
  const records = new RedisRecords(connection);
  const logs = new RedisLogs(connection);
  const slots = new RedisConcurrencyLimiter(connection);
  await permitted('hashes and scripts', () => records.create(name, { test: '1' }, SELF_TEST_MS));
  await permitted('sorted sets and TIME', () => slots.acquire(name, 'test', 1, SELF_TEST_MS));
  await permitted('streams', async () => {
    const bound = { entries: 10, ttlMs: SELF_TEST_MS };
    const refused = await logs.append(name, { test: '1' }, { ...bound, existingOnly: true });
    if (refused !== undefined)
      throw new BackplaneRefused('XADD NOMKSTREAM creates a stream', `Use Redis ${OLDEST} or later.`);
    await logs.append(name, { test: '1' }, bound);
  });
  await Promise.all([records.end(name, 1), logs.drop(name), slots.release(name, 'test')]);
}

async function permitted<Result>(what: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    const isTemporary = error instanceof BackplaneUnavailable && error.reason !== 'noperm';
    if (isTemporary || error instanceof BackplaneRefused) throw error;
    throw new BackplaneRefused(
      `its user may not use ${what}`,
      'Give the user the rights that docs/scale-out.md lists.',
      error,
    );
  }
}

function warningsOf(info: Info, { hosts, isEncrypted }: RedisAddress): string[] {
  const isLocal = hosts.every((host) => ['localhost', '127.0.0.1', '::1'].includes(host));
  const loses = info.get('aof_enabled') !== '1';
  return [
    ...(loses
      ? ['Redis has no append-only file: a restart loses sessions that no node holds, and revocations']
      : []),
    ...(info.get('maxmemory') === '0'
      ? ['Redis has no maxmemory: the system may end it when memory runs out']
      : []),
    ...(!isEncrypted && !isLocal
      ? ['REDIS_URL is not encrypted: use rediss:// outside a private network']
      : []),
  ];
}

async function clockWarnings(connection: RedisConnection): Promise<string[]> {
  const [seconds] = await connection.run((redis) => redis.time());
  const isOff = Math.abs(Number(seconds) * 1_000 - Date.now()) > MAX_SKEW_MS;
  return isOff ? ['the clocks of this node and of Redis differ by more than 5 s: tokens may be refused'] : [];
}
