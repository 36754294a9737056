import { setTimeout as sleep } from 'node:timers/promises';
import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { eventsOf, McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { type Asked, violations } from './support/checker.js';
import { Cluster } from './support/cluster.js';
import { askOnStream, Load } from './support/load.js';

/** Calls on sessions of /sse without a pause, each POST at whichever node the balancer takes. */
class StreamLoad {
  readonly asked: Asked[] = [];
  private isStopped = false;
  private readonly running: Promise<unknown>;

  constructor(url: string, token: string, sessions: readonly RawSession[]) {
    this.running = Promise.all(
      sessions.map(async (session) => {
        while (!this.isStopped) {
          this.asked.push(await askOnStream(url, session, token, 5));
          await sleep(5);
        }
      }),
    );
  }

  get answered(): number {
    return this.asked.filter(({ status }) => status === 200).length;
  }

  async stop(): Promise<readonly Asked[]> {
    this.isStopped = true;
    await this.running;
    return this.asked;
  }
}

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
  const at = (name: string, { sessionId }: McpEndpoint): McpEndpoint => {
    const there = new McpEndpoint(cluster.node(name).url, token);
    there.sessionId = sessionId;
    return there;
  };

  it('a killed node takes its own streams with it, and nothing else', async () => {
    const [lost, ...others] = [await openAt('n3'), await openAt('n1'), await openAt('n2')] as const;
    const streams = new StreamLoad(cluster.url, token, others);
    const load = await Load.start(cluster.url, token, 3);
    // A call that becomes a stream with its first heartbeat, and would run for a minute.
    const endpoint = await McpEndpoint.open(cluster.node('n3').url, token);
    const running = { name: 'journal', arguments: { mark: 'mark-long', ms: 60_000 } };
    const begun = await eventsOf(await endpoint.call('long', 'tools/call', running)).next();
    const answered = load.answered;
    // What a stream begins with is stored a moment after it was sent.
    await until(() => load.answered > answered + 10 && streams.answered > 10);
    await cluster.kill('n3');
    await lost.ended;
    const resumed = await at('n1', endpoint).get({ 'Last-Event-ID': begun.value!.id });
    const posts: Asked[] = [];
    while (posts.at(-1)?.status !== 404) posts.push(await askOnStream(cluster.url, lost, token));
    // A connection breaks where the balancer has not noticed yet.
    expect([...statusesOf(posts)].filter((status) => status !== undefined)).toEqual([503, 404]);
    const replies: unknown[] = [];
    for await (const { data } of eventsOf(resumed)) if (data !== '') replies.push(JSON.parse(data));
    expect(replies).toMatchObject([{ id: 'long', error: { code: -32000 } }]);
    const asked = [...(await streams.stop()), ...(await load.stop()), ...posts];
    const ended = new Set([lost.id]);
    expect(violations({ asked, runs: cluster.runs, killed: new Set(['n3']), ended })).toEqual([]);
    expect(cluster.runs.filter(({ mark, what }) => mark === 'mark-long' && what === 'begin')).toHaveLength(1);
    for (const stream of others) stream.close();
    await cluster.startNode('n3');
  }, 90_000);

  it('a Redis that is frozen closes no stream; known sessions go on, then 503, and all is well again', async () => {
    const stream = await openAt('n1');
    const endpoint = await McpEndpoint.open(cluster.url, token);
    const standalone = await at('n2', endpoint).get();
    let isOpen = true;
    void standalone.text().then(() => (isOpen = false));
    const load = await Load.start(cluster.url, token, 3);
    await until(() => load.answered > 30);
    cluster.redis.freeze();
    await until(() => load.asked.some(({ status }) => status === 503));
    await sleep(12_000);
    expect((await at('n1', endpoint).call(1, 'ping')).status).toBe(503);
    cluster.redis.thaw();
    const before = load.answered;
    await until(() => load.answered > before + 30);
    const asked = await load.stop();
    expect(statusesOf(asked)).toEqual(new Set([200, 503]));
    expect(violations({ asked, runs: cluster.runs })).toEqual([]);
    await until(async () => (await askOnStream(cluster.url, stream, token)).status === 200);
    expect([isOpen, stream.comments.length > 0]).toEqual([true, true]);
    await endpoint.delete();
    stream.close();
  }, 90_000);

  it('a Redis that has lost its data: no session is unknown, and no stream ends', async () => {
    const stream = await openAt('n1');
    const streams = new StreamLoad(cluster.url, token, [stream]);
    const load = await Load.start(cluster.url, token, 3);
    await until(() => load.answered > 30 && streams.answered > 10);
    await cluster.redis.restart('lose');
    const before = [load.answered, streams.answered];
    await until(() => load.answered > before[0]! + 30 && streams.answered > before[1]! + 10);
    const asked = [...(await load.stop()), ...(await streams.stop())];
    expect([...statusesOf(asked)].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(violations({ asked, runs: cluster.runs })).toEqual([]);
    stream.close();
  }, 90_000);

  it('a node that is cut off from Redis ends its streams of /sse once it is back; the others go on', async () => {
    const [cut, other] = [await openAt('n2'), await openAt('n1')];
    cluster.proxy('n2').blackhole();
    const posts: Asked[] = [];
    const toCut = async (): Promise<Asked> => askOnStream(cluster.node('n1').url, cut, token);
    while (posts.at(-1)?.status !== 404) posts.push(await toCut());
    expect([...statusesOf(posts)].filter((status) => status !== 503 && status !== 404)).toEqual([]);
    expect((await askOnStream(cluster.node('n3').url, other, token)).status).toBe(200);
    cluster.proxy('n2').blackhole(false);
    await cut.ended;
    const again = await openAt('n2');
    await until(async () => (await askOnStream(cluster.node('n1').url, again, token)).status === 200);
    for (const stream of [other, again]) stream.close();
  }, 90_000);
});
