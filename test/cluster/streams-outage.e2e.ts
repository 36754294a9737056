import { BackplaneNode } from '../../src/backplane/index.js';
import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { ToolRegistry } from '../../src/mcp/index.js';
import { Listening } from '../support/listening.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import type { TestApp } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { AppNodes, at } from './support/app-nodes.js';

const CHANGED = 'tools/list_changed';

const changesIn = ({ heard }: Listening): number => heard.filter((what) => what === CHANGED).length;
const nodeOf = ({ app }: TestApp): BackplaneNode => app.get(BackplaneNode);
const add = ({ app }: TestApp, name: string): unknown =>
  app.get(ToolRegistry, { strict: false }).add({ name, description: name }, { execute: () => name });

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('GET /mcp while Redis is down', () => {
  let nodes: AppNodes;
  let a: TestApp;
  let b: TestApp;
  let token: string;
  beforeAll(async () => {
    nodes = await AppNodes.start(2);
    [a, b] = nodes.apps as [TestApp, TestApp];
    token = await signToken();
    // Before, no verdict on a token is kept.
    await until(() => nodes.apps.every((each) => nodeOf(each).membership.isSteady));
  }, 60_000);
  afterAll(() => nodes.stop());

  /** A session that both nodes know. */
  const open = async (): Promise<McpEndpoint> => {
    const endpoint = await McpEndpoint.open(a.url, token);
    // Twice: what is read first may have been changed meanwhile.
    for (const id of [1, 2]) {
      for (const app of [a, b]) expect((await at(app, endpoint, token).call(id, 'ping')).status).toBe(200);
    }
    return endpoint;
  };
  const down = async (): Promise<void> => {
    await nodes.redis.kill();
    await until(() => nodes.apps.every((each) => !nodeOf(each).bus.isLive));
  };
  const back = async (): Promise<void> => {
    await nodes.redis.restart('keep');
    await until(() => nodes.apps.every((each) => nodeOf(each).bus.isLive));
  };

  /** After ten seconds a stream is refused. */
  const refusedLater = async (endpoint: McpEndpoint): Promise<void> => {
    const buses = nodes.apps.map((each) => nodeOf(each).bus);
    for (const bus of buses) Object.defineProperty(bus, 'lagMs', { value: 11_000, configurable: true });
    const late = await endpoint.get();
    expect([late.status, late.headers.get('retry-after')]).toEqual([503, '1']);
    await late.text();
    // They go by the clock again.
    for (const bus of buses) Reflect.deleteProperty(bus, 'lagMs');
  };

  it('opens and resumes streams of known sessions for ten seconds, which have missed nothing once it is back', async () => {
    const [fresh, resumed] = [await open(), await open()];
    const before = await Listening.open(resumed);
    await until(() => before.lastId !== '');
    before.leave();
    add(b, 'missed');
    await until(() => nodeOf(a).bus.newest === nodeOf(b).bus.newest);
    await down();
    const streams = [await Listening.open(fresh), await Listening.open(resumed, before.lastId)];
    add(a, 'of-this-node');
    await until(() => streams.every((stream) => changesIn(stream) === 1));
    await refusedLater(fresh);
    add(a, 'late');
    await until(() => streams.every((stream) => changesIn(stream) === 2));
    await back();
    // What was missed before, and what the other node did not tell.
    await until(() => streams.every((stream) => changesIn(stream) > 2));
    const counts = streams.map(changesIn);
    add(b, 'later');
    await until(() => streams.every((stream, n) => changesIn(stream) > counts[n]!));
    // A newer stream carries the messages: the older one is known as what it is.
    const newer = await Listening.open(at(b, fresh, token));
    const { length } = streams[0]!.heard;
    add(b, 'last');
    await until(() => newer.heard.length === 1);
    expect([streams[0]!.heard.length, streams.map(({ ended }) => ended)]).toEqual([length, [false, false]]);
    for (const stream of [...streams, newer]) stream.leave();
  }, 60_000);
});
