import type { ServerResponse } from 'node:http';
import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { SessionService } from '../../src/mcp/index.js';
import { GATED } from '../support/gate.tool.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import type { TestApp } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { AppNodes, at, postAt } from './support/app-nodes.js';
import { call, CROSSING_TOOLS, gateOf, textOf } from './support/crossing.tools.js';

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('a request that is sent twice', () => {
  let nodes: AppNodes;
  let a: TestApp;
  let b: TestApp;
  let token: string;
  beforeAll(async () => {
    nodes = await AppNodes.start(2, [...GATED, ...CROSSING_TOOLS]);
    [a, b] = nodes.apps as [TestApp, TestApp];
    token = await signToken();
  }, 60_000);
  afterAll(() => nodes.stop());

  it('a POST to /message is run once though it is sent twice, to whichever node: while it runs, and after its reply', async () => {
    const session = await RawSession.open(a.url, token);
    const request = call('r', 'wait', { key: 'repeated' });
    expect((await postAt(b, session, token, request)).status).toBe(202);
    const held = await gateOf(a).held('repeated');
    for (const app of [a, b]) {
      const again = await postAt(app, session, token, request);
      expect([again.status, await again.text()]).toEqual([202, 'Accepted']);
      const other = await postAt(app, session, token, call('r', 'wait', { key: 'other' }));
      expect([other.status, await other.json()]).toMatchObject([400, { id: null, error: { code: -32600 } }]);
    }
    held.release('done');
    await session.reply('r');
    for (const app of [a, b]) {
      expect((await postAt(app, session, token, request)).status).toBe(202);
      expect((await postAt(app, session, token, call('r', 'length', { text: 'x' }))).status).toBe(400);
    }
    // What is sent later is run later.
    expect((await postAt(b, session, token, call('next', 'length', { text: 'x' }))).status).toBe(202);
    await session.reply('next');
    expect(session.messages.map(({ id }) => id)).toEqual(['r', 'next']);
    expect(await gateOf(a).held('repeated')).toBe(held);
    // Of another session it is another request.
    const own = await RawSession.open(a.url, token);
    expect((await postAt(b, own, token, call('r', 'length', { text: 'xy' }))).status).toBe(202);
    expect(textOf((await own.reply('r')).result)).toBe('2');
    for (const each of [session, own]) each.close();
  });

  it('a call runs on one node at a time, and not again where its client may have lost the reply', async () => {
    const here = await McpEndpoint.open(a.url, token);
    const there = at(b, here, token);
    const leaving = new AbortController();
    const closed = new Promise<void>((resolve) => {
      const onRequest = (_request: unknown, response: ServerResponse) => response.once('close', resolve);
      a.app.getHttpServer().once('request', onRequest);
    });
    const first = here.post(call('once', 'wait', { key: 'once' }), {}, leaving.signal);
    const held = await gateOf(a).held('once');
    const twice = await there.post(call('once', 'wait', { key: 'once' }));
    expect([twice.status, await twice.json()]).toMatchObject([400, { error: { code: -32600 } }]);
    // Another request of that id does no harm where its tool may be run again.
    expect((await there.post(call('once', 'look'))).status).toBe(200);
    leaving.abort();
    await first.catch(() => undefined);
    await closed;
    held.release('done');
    await until(() => sessionOf(a, here).calls.size === 0);
    expect((await there.post(call('once', 'wait', { key: 'once' }))).status).toBe(400);
    expect(gateOf(b).isHeld('once')).toBe(false);
    // One that was answered is over: clients may count from 1 again.
    for (const endpoint of [here, there]) {
      expect((await endpoint.post(call('again', 'length', { text: 'x' }))).status).toBe(200);
    }
  });

  it('a call is not run again whose reply was lost on its way', async () => {
    const here = await McpEndpoint.open(a.url, token);
    const there = at(b, here, token);
    const leaving = new AbortController();
    // The reply has begun, and its client reads no more of it.
    const reply = await here.post(call('lost', 'long'), {}, leaving.signal);
    expect(reply.status).toBe(200);
    await until(() => sessionOf(a, here).calls.size === 0);
    expect((await there.post(call('lost', 'long'))).status).toBe(400);
    leaving.abort();
    await reply.text().catch(() => undefined);
    expect((await there.post(call('lost', 'long'))).status).toBe(400);
    const whole = await here.post(call('read', 'long'));
    expect((await whole.text()).length).toBeGreaterThan(16_000_000);
    await until(async () => (await there.post(call('read', 'length', { text: '' }))).status === 200);
  });
});

function sessionOf({ app }: TestApp, { sessionId }: McpEndpoint) {
  return app.get(SessionService, { strict: false }).get(sessionId!)!;
}
