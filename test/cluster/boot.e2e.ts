import { freePort } from '../../src/backplane/fixtures/free-port.fixture.js';
import { hasRedis, RedisProcess } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { ServerProcess } from '../support/server-process.js';
import { SECRET } from '../canary/canaries.js';

const PRODUCTION = { NODE_ENV: 'production', PUBLIC_URL: 'https://mcp.example.com', JWT_SECRET: SECRET };

const refused = async (env: Record<string, string>): Promise<string> => {
  const server = await ServerProcess.spawn({ ...PRODUCTION, HOST: '127.0.0.1', ...env });
  expect(await server.exited).toBe(1);
  return server.output;
};
const ready = async ({ url }: ServerProcess) => {
  const response = await fetch(`${url}/health/ready`);
  return (await response.json()) as object;
};

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('the start with REDIS_URL', () => {
  const started = new Set<ServerProcess>();
  const start = async (env: Record<string, string>) => {
    const server = await ServerProcess.start({
      ...PRODUCTION,
      HOST: '127.0.0.1',
      SHUTDOWN_DELAY: '0s',
      ...env,
    });
    started.add(server);
    return server;
  };
  afterEach(async () => {
    await Promise.all([...started].map((server) => server.stop()));
    started.clear();
  });

  it('joins the other nodes, and logs what is weak', async () => {
    const redis = await RedisProcess.start('--appendonly', 'no');
    const first = await start({ REDIS_URL: redis.url });
    const second = await start({ REDIS_URL: redis.url });
    expect(second.events('backplane.joined')).toMatchObject([{ nodes: 2 }]);
    expect(await ready(first)).toEqual({ status: 'ok' });
    const weak = first.events('backplane.weak').map(({ reason }) => String(reason));
    expect(weak).toEqual([expect.stringContaining('append-only'), expect.stringContaining('maxmemory')]);
    expect(await second.stop()).toBe(0);
    expect(await redis.client.hlen('mcp:b:{nodes}')).toBe(2);
  });

  it('is refused by an eviction policy that drops keys', async () => {
    const redis = await RedisProcess.start('--maxmemory', '50mb', '--maxmemory-policy', 'volatile-lru');
    const output = await refused({ REDIS_URL: redis.url });
    expect(output).toMatch(/BackplaneRefused: .*volatile-lru[^]*maxmemory-policy noeviction/);
    expect(output).not.toContain('    at ');
  });

  it('is refused by a replica, by a cluster and by a wrong password', async () => {
    const primary = await RedisProcess.start();
    const replica = await RedisProcess.start('--replicaof', `127.0.0.1 ${primary.port}`);
    // By default its second port is 10,000 above the first, where an outgoing connection may have it.
    const ports = ['--cluster-port', String(await freePort())];
    const cluster = await RedisProcess.start('--cluster-enabled', 'yes', ...ports);
    const closed = await RedisProcess.start('--requirepass', 'canary-password');
    const withPassword = (password: string) => `redis://:${password}@127.0.0.1:${closed.port}`;
    const urls = [replica.url, cluster.url, closed.url, withPassword('canary-wrong')];
    const outputs = await Promise.all(urls.map((REDIS_URL) => refused({ REDIS_URL })));
    const problems = ['it is a replica', 'Cluster', 'user and the password', 'user and the password'];
    expect(outputs).toEqual(problems.map((problem) => expect.stringContaining(problem)));
    const right = await start({ REDIS_URL: withPassword('canary-password') });
    expect(outputs.join('') + right.output).not.toContain('canary');
  });

  it('is refused by nodes of another server under the same prefix', async () => {
    const redis = await RedisProcess.start();
    await start({ REDIS_URL: redis.url });
    const other = { REDIS_URL: redis.url, JWT_SECRET: 'another secret of at least 32 bytes' };
    expect(await refused(other)).toContain('REDIS_PREFIX');
    await start({ ...other, REDIS_PREFIX: 'other' });
  });

  it('is refused to a user without the rights, and takes those that the guide lists', async () => {
    const redis = await RedisProcess.start();
    const rights =
      '~mcp:* +@hash +@stream +@sortedset +@string +@keyspace +@scripting +@connection +info +time -keys -flushall';
    await redis.client.call('ACL', 'SETUSER', 'narrow', 'on', '>password', '~other:*', '+@all');
    await redis.client.call('ACL', 'SETUSER', 'right', 'on', '>password', ...rights.split(' '));
    const at = (user: string) => `redis://${user}:password@127.0.0.1:${redis.port}`;
    expect(await refused({ REDIS_URL: at('narrow') })).toContain('rights');
    const server = await start({ REDIS_URL: at('right') });
    expect(await ready(server)).toMatchObject({ status: 'ok' });
  });

  it('waits for a Redis that is not there, and becomes ready with it', async () => {
    const redis = await RedisProcess.start();
    await redis.kill();
    const server = await start({ REDIS_URL: redis.url });
    expect(await ready(server)).toEqual({ status: 'unavailable', reasons: ['backplane_unreachable'] });
    await redis.restart('lose');
    await server.until(() => server.events('backplane.joined').length === 1);
    expect(await ready(server)).toEqual({ status: 'ok' });
  });

  it('joins as soon as Redis has room', async () => {
    const redis = await RedisProcess.start();
    await redis.limitMemory(1);
    const server = await start({ REDIS_URL: redis.url });
    expect(await ready(server)).toEqual({ status: 'unavailable', reasons: ['backplane_unreachable'] });
    await redis.limitMemory(0);
    await server.until(() => server.events('backplane.joined').length === 1);
    expect(await ready(server)).toEqual({ status: 'ok' });
  }, 40_000);

  it('stays ready during an outage, and names it', async () => {
    const redis = await RedisProcess.start();
    const server = await start({ REDIS_URL: redis.url });
    await redis.kill();
    await server.until(() => server.events('backplane.lost').length === 1);
    expect(await ready(server)).toEqual({ status: 'ok', backplane: 'connection lost' });
    await redis.restart('keep');
    await server.until(() => server.events('backplane.back').length === 1);
    expect(await ready(server)).toEqual({ status: 'ok' });
  });
});
