import { setTimeout as sleep } from 'node:timers/promises';
import { BackplaneNode } from '../../src/backplane/index.js';
import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { closeHttpApp } from '../../src/bootstrap/http-app.js';
import { SessionService, ToolRegistry } from '../../src/mcp/index.js';
import { Listening } from '../support/listening.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import type { TestApp } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { AppNodes, at } from './support/app-nodes.js';

/** How long a node waits for the claim of a stream to come back over the bus. */
const JOIN_MS = 2_000;
const CHANGED = 'tools/list_changed';

const sessionOf = ({ app }: TestApp, { sessionId }: McpEndpoint) =>
  app.get(SessionService, { strict: false }).get(sessionId!);

/** Holds the claims of a node back. Resolves once the first one is passed on. */
const held = ({ app }: TestApp, released: () => Promise<unknown>): Promise<void> => {
  const { bus } = app.get(BackplaneNode);
  const publish = bus.publish.bind(bus);
  return new Promise((resolve) => {
    jest.spyOn(bus, 'publish').mockImplementation(async (topic, body) => {
      if (topic === 'session.carried') {
        await released();
        resolve();
      }
      return publish(topic, body);
    });
  });
};

/** Until the node has given the claim up: of two timers of one duration, the one that was set first fires first. */
const givenUp = (): Promise<void> => sleep(JOIN_MS);

const change = ({ app }: TestApp, name: string): void =>
  app.get(ToolRegistry, { strict: false }).add({ name, description: name }, { execute: () => name });

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('the claim of a stream that the bus takes too late', () => {
  let nodes: AppNodes;
  let a: TestApp;
  let b: TestApp;
  let token: string;
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  beforeAll(async () => {
    process.on('unhandledRejection', note);
    nodes = await AppNodes.start(2);
    [a, b] = nodes.apps as [TestApp, TestApp];
    token = await signToken();
  }, 60_000);
  afterEach(() => {
    jest.restoreAllMocks();
    const rejected = unhandled.splice(0);
    if (rejected.length > 0) throw new AggregateError(rejected, `No code handled: ${rejected.join()}`);
  });
  afterAll(async () => {
    await nodes.stop();
    process.off('unhandledRejection', note);
  });

  it('leaves the stream open, and its client hears of each change once', async () => {
    const endpoint = await McpEndpoint.open(a.url, token);
    const late = held(a, givenUp);
    const opening = Listening.open(endpoint);
    await late;
    jest.restoreAllMocks();
    const stream = await opening;
    for (const [at, name] of ['first', 'second'].entries()) {
      change(b, name);
      await until(() => stream.heard.length > at);
    }
    expect(stream.heard).toEqual([CHANGED, CHANGED]);
    stream.leave();
  }, 60_000);

  it('does nothing where the session has ended meanwhile', async () => {
    const endpoint = await McpEndpoint.open(a.url, token);
    const late = held(a, givenUp);
    const opening = endpoint.get();
    await until(() => sessionOf(a, endpoint)?.hasStream === true);
    expect((await endpoint.delete()).status).toBe(204);
    await late;
    expect((await opening).status).toBe(404);
  }, 60_000);

  it('is not taken for the end of the session where the node stops meanwhile', async () => {
    const endpoint = await McpEndpoint.open(a.url, token);
    void held(a, async () => nodes.redis.freeze());
    const opening = endpoint.get();
    await until(() => sessionOf(a, endpoint)?.hasStream === true);
    nodes.apps.shift();
    const [{ status, headers }] = await Promise.all([opening, closeHttpApp(a.app, 30_000)]);
    nodes.redis.thaw();
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect((await at(b, endpoint, token).call(1, 'ping')).status).toBe(200);
  }, 60_000);
});
