import type { RedisProcess } from '../../../src/backplane/fixtures/redis-process.fixture.js';
import type { RedisKey } from './history.js';

/** All that a Redis holds. */
export async function keysOf({ client }: RedisProcess): Promise<RedisKey[]> {
  const names = await client.keys('*');
  return Promise.all(
    names.map(async (name) => ({
      name,
      ttlMs: await client.pttl(name),
      // Holders whose time is over are removed at the next use of the key.
      ...(name.startsWith('mcp:s:') ? { members: await client.zcount(name, Date.now(), '+inf') } : {}),
    })),
  );
}
