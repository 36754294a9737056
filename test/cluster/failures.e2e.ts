import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { Listening } from '../support/listening.js';
import { eventsOf, McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { ask, askOnStream } from './support/asking.js';
import { Cluster } from './support/cluster.js';
import type { Asked } from './support/history.js';
import { Load } from './support/load.js';

const MIXED = { sessions: 2, resuming: 1, stateless: 1 };

const statusesOf = (asked: readonly Asked[]) => new Set(asked.map(({ status }) => status));

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('while something fails', () => {
  let cluster: Cluster;
  let token: string;
  beforeAll(async () => {
    cluster = await Cluster.start(3, 'alternate', { SESSIONS_PER_PRINCIPAL: '1000', HEARTBEAT: '1s' });
    token = await signToken();
  }, 60_000);
  afterAll(() => cluster.stop());

  const openAt = (name: string): Promise<RawSession> => RawSession.open(cluster.node(name).url, token);
  const at = (name: string, endpoint: McpEndpoint): McpEndpoint => cluster.at(name, endpoint, token);

  it('a killed node ends its own streams, and nothing else', async () => {
    const [lost, ...others] = [await openAt('n3'), await openAt('n1'), await openAt('n2')] as const;
    const load = await Load.start(cluster.url, token, { ...MIXED, streams: others });
    // A call that becomes a stream with its first heartbeat, and would run for a minute.
    const endpoint = await McpEndpoint.open(cluster.node('n3').url, token);
    const running = { name: 'journal', arguments: { mark: 'mark-long', ms: 60_000 } };
    const begun = await eventsOf(await endpoint.call('long', 'tools/call', running)).next();
    const { least } = load;
    // What a stream begins with is stored a moment after it was sent.
    await until(() => load.least > least + 5);
    await cluster.kill('n3');
    await lost.ended;
    const ended = new Map([[lost.id, performance.now()]]);
    const resumed = await at('n1', endpoint).get({ 'Last-Event-ID': begun.value!.id });
    const posts: Asked[] = [];
    while (posts.at(-1)?.status !== 404) posts.push(await askOnStream(cluster.url, lost, token));
    // A connection breaks where the balancer has not noticed yet.
    expect([...statusesOf(posts)].filter((status) => status !== undefined)).toEqual([503, 404]);
    const replies: unknown[] = [];
    for await (const { data } of eventsOf(resumed)) if (data !== '') replies.push(JSON.parse(data));
    expect(replies).toMatchObject([{ id: 'long', error: { code: -32000 } }]);
    const { asked, heard } = await load.stop();
    const killed = new Set(['n3']);
    expect(cluster.violations({ asked: [...asked, ...posts], heard, killed, ended })).toEqual([]);
    expect(cluster.runs.filter(({ mark, what }) => mark === 'mark-long' && what === 'begin')).toHaveLength(1);
    for (const stream of others) stream.close();
    await cluster.startNode('n3');
  }, 90_000);

  it('a Redis that has lost its data: no session is unknown, and no stream ends', async () => {
    const stream = await openAt('n1');
    const load = await Load.start(cluster.url, token, { ...MIXED, streams: [stream] });
    await until(() => load.least > 5);
    await cluster.redis.restart('lose');
    const { least } = load;
    await until(() => load.least > least + 5);
    const seen = await load.stop();
    expect([...statusesOf(seen.asked)].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(cluster.violations(seen)).toEqual([]);
    stream.close();
  }, 90_000);

  it('a Redis that has lost its data while a node was cut off: the node ends the streams of a session that has ended', async () => {
    const endpoint = await McpEndpoint.open(cluster.node('n1').url, token);
    const stream = await Listening.open(endpoint);
    cluster.proxy('n1').blackhole();
    expect((await cluster.at('n3', endpoint, token).delete()).status).toBe(204);
    await cluster.redis.restart('lose');
    const key = `mcp:r:{session:${endpoint.sessionId}}`;
    await until(async () => (await cluster.redis.client.hexists(key, '_end')) === 1);
    expect(stream.ended).toBe(false);
    cluster.proxy('n1').blackhole(false);
    await until(() => stream.ended);
    expect((await ask(endpoint)).status).toBe(404);
  }, 90_000);

  it('a node that is cut off from Redis ends its streams of /sse once it is back; the others go on', async () => {
    const [cut, other] = [await openAt('n2'), await openAt('n1')];
    cluster.proxy('n2').blackhole();
    const since = performance.now();
    const posts: Asked[] = [];
    const toCut = async (): Promise<Asked> => askOnStream(cluster.node('n1').url, cut, token);
    while (posts.at(-1)?.status !== 404) posts.push(await toCut());
    const others = await askOnStream(cluster.node('n3').url, other, token);
    expect(others.status).toBe(200);
    // What was accepted before n2 was found silent has its reply.
    const ended = new Map([[cut.id, since]]);
    expect(cluster.violations({ asked: [...posts, others], ended })).toEqual([]);
    cluster.proxy('n2').blackhole(false);
    await cut.ended;
    const again = await openAt('n2');
    await until(async () => (await askOnStream(cluster.node('n1').url, again, token)).status === 200);
    for (const stream of [other, again]) stream.close();
  }, 90_000);
});
