import { BackplaneNode, EventStore } from '../../src/backplane/index.js';
import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { SessionService } from '../../src/mcp/index.js';
import { ASKING } from '../support/asking.tools.js';
import { GATED } from '../support/gate.tool.js';
import { eventsOf, McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import type { TestApp } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { AppNodes, at, postAt } from './support/app-nodes.js';
import { call, CROSSING_TOOLS, gateOf, textOf } from './support/crossing.tools.js';

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('what crosses nodes', () => {
  let nodes: AppNodes;
  let a: TestApp;
  let b: TestApp;
  let token: string;
  beforeAll(async () => {
    const tools = [...GATED, ...ASKING, ...CROSSING_TOOLS];
    nodes = await AppNodes.start(2, tools, { MAX_BODY: '256kb' });
    [a, b] = nodes.apps as [TestApp, TestApp];
    token = await signToken();
  }, 60_000);
  afterAll(() => nodes.stop());

  describe('a POST for a stream of another node', () => {
    let session: RawSession;
    beforeEach(async () => {
      session = await RawSession.open(a.url, token);
    });
    afterEach(() => session.close());

    it('is accepted there, and its reply is sent on the stream', async () => {
      const clientInfo = { name: 'by-hand', version: '1' };
      const params = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo };
      const opened = await postAt(b, session, token, { jsonrpc: '2.0', id: 1, method: 'initialize', params });
      expect([opened.status, await opened.text()]).toEqual([202, 'Accepted']);
      expect((await session.reply(1)).result).toMatchObject({ protocolVersion: '2024-11-05' });
      // More than mail carries itself.
      const long = await postAt(b, session, token, call(2, 'length', { text: 'x'.repeat(100_000) }));
      expect(long.status).toBe(202);
      expect(textOf((await session.reply(2)).result)).toBe('100000');
    });

    it('is refused there as it would be here', async () => {
      const large = await postAt(b, session, token, call(1, 'length', { text: 'x'.repeat(300_000) }));
      expect(large.status).toBe(413);
      expect((await postAt(b, session, token, '{')).status).toBe(400);
      expect((await postAt(b, session, token, 'x', { 'Content-Type': 'text/plain' })).status).toBe(415);
      const scopes = await postAt(b, session, token, call(1, 'guarded'));
      expect([scopes.status, scopes.headers.get('www-authenticate')]).toEqual([
        403,
        expect.stringContaining('scope="mcp:access admin"'),
      ]);
      expect((await postAt(b, session, token, call(2, 'rare'))).status).toBe(202);
      const again = await postAt(b, session, token, call(3, 'rare'));
      expect([again.status, await again.json()]).toMatchObject([429, { id: 3, error: { code: 429 } }]);
      expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(3_000);
      expect(again.headers.get('ratelimit')).toContain('"tool-rare"');
      expect((await postAt(b, session, token, call('held', 'wait', { key: 'held' }))).status).toBe(202);
      const held = await gateOf(a).held('held');
      const twice = await postAt(b, session, token, call('held', 'wait', { key: 'other' }));
      expect([twice.status, await twice.json()]).toMatchObject([400, { id: null }]);
      held.release('done');
      expect(textOf((await session.reply('held')).result)).toBe('done');
      expect(gateOf(a).isHeld('other')).toBe(false);
    });

    it('is refused to all but its owner, and once the stream has ended', async () => {
      const stranger = await signToken({ sub: 'mallory' });
      const foreign = await postAt(b, session, stranger, call(1, 'test'));
      expect([foreign.status, await foreign.json()]).toMatchObject([404, { error: { code: -32001 } }]);
      expect((await postAt(b, session, 'nonsense', call(1, 'test'))).status).toBe(401);
      session.close();
      await until(async () => (await postAt(b, session, token, call(2, 'test'))).status === 404);
    });

    it('brings a newer token: the session lives as long as that', async () => {
      const newer = await signToken({ livesMs: 7_200_000 });
      expect((await postAt(b, session, newer, call(1, 'test'))).status).toBe(202);
      await session.reply(1);
      const { principal } = a.app.get(SessionService, { strict: false }).get(session.id)!;
      expect(principal.expiresAt).toBeGreaterThan(Date.now() + 3_700_000);
    });
  });

  describe('of a session of /mcp', () => {
    it('an answer to a question reaches the call that has asked, from its session only', async () => {
      const here = await McpEndpoint.open(a.url, token, '2025-11-25', { elicitation: {} });
      const reply = await here.call(1, 'tools/call', { name: 'greet' });
      const events = eventsOf(reply);
      let question: { id: string; method?: string } | undefined;
      while (question?.method !== 'elicitation/create') {
        const { data } = (await events.next()).value!;
        if (data !== '') question = JSON.parse(data) as { id: string; method?: string };
      }
      const answer = (name: string) => ({
        jsonrpc: '2.0',
        id: question.id,
        result: { action: 'accept', content: { name } },
      });
      const other = await McpEndpoint.open(b.url, token);
      expect((await other.post(answer('Mallory'))).status).toBe(202);
      expect((await at(b, here, token).post(answer('Alice'))).status).toBe(202);
      const last = JSON.parse((await events.next()).value!.data) as { result: unknown };
      expect(textOf(last.result)).toBe('Hello, Alice!');
    });

    it('a cancellation reaches the running call, from its session only', async () => {
      const here = await McpEndpoint.open(a.url, token);
      const running = here.call('long', 'tools/call', { name: 'wait', arguments: { key: 'long' } });
      const { signal } = await gateOf(a).held('long');
      const cancelled = {
        jsonrpc: '2.0',
        method: 'notifications/cancelled',
        params: { requestId: 'long' },
      };
      const other = await McpEndpoint.open(b.url, token);
      expect((await other.post(cancelled)).status).toBe(202);
      // What is told later is heard later.
      const probe = at(b, here, token);
      expect((await probe.call(2, 'logging/setLevel', { level: 'error' })).status).toBe(200);
      await until(() => sessionOf(a, here).isStale);
      expect(signal.aborted).toBe(false);
      expect((await probe.post(cancelled)).status).toBe(202);
      await until(() => signal.aborted);
      await (await running).text();
    });

    it('the stream of a running call goes on at another node, until its reply', async () => {
      const here = await McpEndpoint.open(a.url, token);
      const leaving = new AbortController();
      const params = { name: 'stepwise', arguments: { key: 'steps' }, _meta: { progressToken: 'p' } };
      const request = { jsonrpc: '2.0', id: 'steps', method: 'tools/call', params };
      const first = eventsOf(await here.post(request, {}, leaving.signal));
      const [, progress] = [await first.next(), await first.next()];
      leaving.abort();
      const there = await at(b, here, token).get({ 'Last-Event-ID': progress.value!.id });
      (await gateOf(a).held('steps')).release('all done');
      const messages: { params?: { progress: number }; result?: unknown }[] = [];
      // To its end. An event without data is there to resume from.
      for await (const { data } of eventsOf(there))
        if (data !== '') messages.push(JSON.parse(data) as object);
      expect(messages).toMatchObject([{ params: { progress: 2 } }, { result: {} }]);
      expect(textOf(messages[1]!.result)).toBe('all done');
      await until(() => sessionOf(b, here).streams.size === 0);
    });

    it('an event that is sent, and not stored yet, is known at another node', async () => {
      const here = await McpEndpoint.open(a.url, token);
      const store = a.app.get<EventStore>(EventStore);
      const append = store.append.bind(store);
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      store.append = async (...args) => released.then(() => append(...args));
      const { mail } = a.app.get(BackplaneNode);
      const take = mail.take.bind(mail);
      // Once the other node asks, it has not found the event.
      mail.take = (log, batch) => {
        if (batch.some(({ fields }) => fields['k'] === 'reply.stored')) release();
        take(log, batch);
      };
      const leaving = new AbortController();
      const params = { name: 'stepwise', arguments: { key: 'stored' }, _meta: { progressToken: 'p' } };
      const request = { jsonrpc: '2.0', id: 'stored', method: 'tools/call', params };
      const first = eventsOf(await here.post(request, {}, leaving.signal));
      const [, progress] = [await first.next(), await first.next()];
      leaving.abort();
      const there = await at(b, here, token).get({ 'Last-Event-ID': progress.value!.id });
      expect(there.status).toBe(200);
      Object.assign(store, { append });
      Object.assign(mail, { take });
      (await gateOf(a).held('stored')).release('done');
      const messages: unknown[] = [];
      for await (const { data } of eventsOf(there)) if (data !== '') messages.push(JSON.parse(data));
      expect(messages).toMatchObject([{ params: { progress: 2 } }, { result: {} }]);
      // One that is not there is unknown, though its node lives.
      const gone = await at(b, here, token).get({ 'Last-Event-ID': `${progress.value!.id}0` });
      expect(gone.status).toBe(400);
    });

    it('the stream of a call whose reply the store has lost ends with an error at another node', async () => {
      const here = await McpEndpoint.open(a.url, token);
      const leaving = new AbortController();
      const params = { name: 'stepwise', arguments: { key: 'lost' }, _meta: { progressToken: 'p' } };
      const request = { jsonrpc: '2.0', id: 'lost', method: 'tools/call', params };
      const first = eventsOf(await here.post(request, {}, leaving.signal));
      const [, progress] = [await first.next(), await first.next()];
      leaving.abort();
      const there = await at(b, here, token).get({ 'Last-Event-ID': progress.value!.id });
      // As where a failover has lost what the former primary had acknowledged.
      const append = jest.spyOn(a.app.get<EventStore>(EventStore), 'append').mockResolvedValue(0);
      (await gateOf(a).held('lost')).release('done');
      const replies: unknown[] = [];
      for await (const { data } of eventsOf(there)) if (data !== '') replies.push(JSON.parse(data));
      expect(replies).toMatchObject([{ id: 'lost', error: { code: -32000 } }]);
      append.mockRestore();
    });
  });
});

function sessionOf({ app }: TestApp, { sessionId }: McpEndpoint) {
  return app.get(SessionService, { strict: false }).get(sessionId!)!;
}
