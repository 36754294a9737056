import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../src/backplane/fixtures/free-port.fixture.js';
import { hasRedis, RedisProcess } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { RawSession } from '../support/raw-session.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { Cluster } from './support/cluster.js';
import { Load } from './support/load.js';

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('nodes that ask a sentinel for the primary', () => {
  it('find it, and the next one after a failover', async () => {
    const primary = await RedisProcess.start();
    const replica = await RedisProcess.start('--replicaof', `127.0.0.1 ${primary.port}`);
    await until(async () => (await replica.client.info('replication')).includes('master_link_status:up'));
    const port = await freePort();
    const end = startSentinel(port, primary.port);
    const sentinel = new Redis(port, '127.0.0.1', { retryStrategy: () => 20 }).on('error', () => {});
    await until(async () =>
      String(await sentinel.call('SENTINEL', 'REPLICAS', 'main')).includes(`${replica.port}`),
    );
    const url = `redis+sentinel://127.0.0.1:${port}/main`;
    const cluster = await Cluster.start(2, 'alternate', { REDIS_URL: url });
    const token = await signToken();
    const stream = await RawSession.open(cluster.node('n1').url, token);
    const load = await Load.start(cluster.url, token, { sessions: 2, resuming: 1, streams: [stream] });
    await until(() => load.least > 3);
    await primary.kill();
    await until(async () => (await replica.client.info('replication')).includes('role:master'));
    const { least } = load;
    await until(() => load.least > least + 5);
    expect(cluster.violations(await load.stop())).toEqual([]);
    expect((await replica.client.keys('mcp:r:*')).length).toBeGreaterThan(0);
    stream.close();
    await cluster.stop();
    sentinel.disconnect();
    end();
  }, 120_000);
});

/** Returns the function that ends it. */
function startSentinel(port: number, primary: number): () => void {
  const file = join(mkdtempSync(join(tmpdir(), 'sentinel-')), 'sentinel.conf');
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `sentinel monitor main 127.0.0.1 ${primary} 1`,
    'sentinel down-after-milliseconds main 500',
    'sentinel failover-timeout main 2000',
  ];
  writeFileSync(file, lines.join('\n'));
  const child = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' });
  running.add(child);
  return () => child.kill('SIGKILL');
}

const running = new Set<ReturnType<typeof spawn>>();
afterAll(() => running.forEach((child) => child.kill('SIGKILL')));
