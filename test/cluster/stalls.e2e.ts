import { setTimeout as sleep } from 'node:timers/promises';
import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { ask, askOnStream } from './support/asking.js';
import { Cluster } from './support/cluster.js';
import type { Asked } from './support/history.js';
import { Load } from './support/load.js';

const STALL_MS = 20_000;
const MIXED = { sessions: 2, resuming: 1, stateless: 1 };

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('while something is silent', () => {
  let cluster: Cluster;
  let token: string;
  beforeAll(async () => {
    cluster = await Cluster.start(3, 'alternate', { SESSIONS_PER_PRINCIPAL: '1000', HEARTBEAT: '1s' });
    token = await signToken();
  }, 60_000);
  afterAll(() => cluster.stop());

  const openAt = (name: string): Promise<RawSession> => RawSession.open(cluster.node(name).url, token);

  /** POSTs for a stream until the others take its node for gone: 503, then 404. */
  const untilGone = async (stream: RawSession): Promise<Asked[]> => {
    const posts: Asked[] = [];
    while (posts.at(-1)?.status !== 404) {
      posts.push(await askOnStream(cluster.node('n1').url, stream, token));
    }
    return posts;
  };

  it('a node that hangs for 20 s: the others go on, and it ends its streams of /sse and runs no late mail', async () => {
    const [lost, other] = [await openAt('n3'), await openAt('n2')];
    const endpoint = await McpEndpoint.open(cluster.node('n3').url, token);
    const standalone = await cluster.at('n3', endpoint, token).get();
    let isOpen = true;
    void standalone.text().then(() => (isOpen = false));
    const load = await Load.start(cluster.url, token, { ...MIXED, streams: [other] });
    await until(() => load.least > 3);
    cluster.node('n3').signal('SIGSTOP');
    const stalled = sleep(STALL_MS);
    const since = performance.now();
    const ended = new Map([[lost.id, since]]);
    const posts = await untilGone(lost);
    expect(new Set(posts.map(({ status }) => status))).toEqual(new Set([503, 404]));
    // What was sent to n3 before the balancer had noticed is answered when it wakes; other clients go on.
    const meanwhile = await Load.start(cluster.url, token, MIXED);
    await until(() => meanwhile.least > 3);
    await stalled;
    const stall = [since, performance.now()] as const;
    cluster.node('n3').signal('SIGCONT');
    await lost.ended;
    await until(async () => (await ask(cluster.at('n3', endpoint, token))).status === 200);
    const again = load.least;
    await until(() => load.least > again + 5);
    const seen = [await load.stop(), await meanwhile.stop()];
    const asked = [...seen.flatMap((one) => one.asked), ...posts];
    const heard = seen.flatMap((one) => one.heard);
    expect(cluster.violations({ asked, heard, ended, stall })).toEqual([]);
    const marks = new Set(posts.map(({ mark }) => mark));
    expect(cluster.runs.filter(({ mark }) => marks.has(mark))).toEqual([]);
    expect(cluster.node('n3').events('backplane.fenced')).toHaveLength(1);
    expect(isOpen).toBe(true);
    await endpoint.delete();
    other.close();
  }, 120_000);

  it('a node that hears no other node, though its commands pass, counts as gone; its sessions of /mcp go on', async () => {
    const [cut, other] = [await openAt('n2'), await openAt('n1')];
    const load = await Load.start(cluster.url, token, { ...MIXED, streams: [other] });
    await until(() => load.least > 3);
    cluster.proxy('n2').blackholeReader();
    const ended = new Map([[cut.id, performance.now()]]);
    const posts = await untilGone(cut);
    const served = load.endpoints.map((endpoint) => ask(cluster.at('n2', endpoint, token)));
    const here = await Promise.all(served);
    expect(here.map(({ status }) => status)).toEqual(here.map(() => 200));
    cluster.proxy('n2').blackholeReader(false);
    await cut.ended;
    const { least } = load;
    await until(() => load.least > least + 5);
    const seen = await load.stop();
    expect(cluster.violations({ ...seen, asked: [...seen.asked, ...posts, ...here], ended })).toEqual([]);
    expect(cluster.node('n2').events('backplane.fenced')).toHaveLength(1);
    other.close();
  }, 90_000);
});
