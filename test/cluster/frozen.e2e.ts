import { setTimeout as sleep } from 'node:timers/promises';
import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { ask, askOnStream } from './support/asking.js';
import { Cluster } from './support/cluster.js';
import { Load } from './support/load.js';

const MIXED = { sessions: 2, resuming: 1, stateless: 1 };

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('while Redis is frozen', () => {
  let cluster: Cluster;
  let token: string;
  beforeAll(async () => {
    cluster = await Cluster.start(3, 'alternate', { SESSIONS_PER_PRINCIPAL: '1000', HEARTBEAT: '1s' });
    token = await signToken();
    await cluster.steady(token);
  }, 60_000);
  // A failed test may have left it frozen.
  afterEach(() => cluster.redis.thaw());
  afterAll(() => cluster.stop());

  /** Clients whose sessions and token every node knows. */
  const start = async (): Promise<Load> => {
    const load = await Load.start(cluster.url, token, MIXED);
    await until(() => load.least > 5);
    for (const name of cluster.nodes.keys()) {
      for (const endpoint of load.endpoints) await ask(cluster.at(name, endpoint, token));
    }
    return load;
  };
  const openAt = (name: string): Promise<RawSession> => RawSession.open(cluster.node(name).url, token);

  it('for 30 s: no stream closes; known sessions go on, then 503, and all is well again', async () => {
    const stream = await openAt('n1');
    const endpoint = await McpEndpoint.open(cluster.url, token);
    const standalone = await cluster.at('n2', endpoint, token).get();
    let isOpen = true;
    void standalone.text().then(() => (isOpen = false));
    const load = await start();
    cluster.redis.freeze();
    const frozen = sleep(30_000);
    const before = load.answered;
    await until(() => load.answered > before + 20);
    await until(() => load.asked.some(({ status }) => status === 503));
    await frozen;
    expect((await cluster.at('n1', endpoint, token).call(1, 'ping')).status).toBe(503);
    cluster.redis.thaw();
    const { least } = load;
    await until(() => load.least > least + 5);
    const seen = await load.stop();
    expect(new Set(seen.asked.map(({ status }) => status))).toEqual(new Set([200, 503]));
    expect(cluster.violations(seen)).toEqual([]);
    await until(async () => (await askOnStream(cluster.url, stream, token)).status === 200);
    expect([isOpen, stream.comments.length > 0]).toEqual([true, true]);
    await endpoint.delete();
    stream.close();
  }, 120_000);

  it('for 10 s: known sessions are served, and no stream closes', async () => {
    const stream = await openAt('n1');
    const load = await start();
    cluster.redis.freeze();
    const frozen = sleep(10_000);
    const before = load.answered;
    await until(() => load.answered > before + 20);
    await frozen;
    cluster.redis.thaw();
    const { least } = load;
    await until(() => load.least > least + 5);
    const seen = await load.stop();
    expect(cluster.violations(seen)).toEqual([]);
    await until(async () => (await askOnStream(cluster.url, stream, token)).status === 200);
    stream.close();
  }, 90_000);
});
