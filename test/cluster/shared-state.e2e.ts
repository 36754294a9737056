import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { BackplaneNode, ConcurrencyLimiter } from '../../src/backplane/index.js';
import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { SessionService } from '../../src/mcp/index.js';
import { MCP_OPTIONS } from '../../src/mcp/mcp.options.js';
import { ASKING } from '../support/asking.tools.js';
import { eventsOf, McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { StatelessClient } from '../support/eras/index.js';
import type { TestApp } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { AppNodes, at, postAt } from './support/app-nodes.js';

const HOUR_MS = 3_600_000;

const sessionsOf = ({ app }: TestApp): SessionService => app.get(SessionService, { strict: false });

const listen = ({ url }: TestApp, token: string, signal?: AbortSignal): Promise<Response> =>
  new McpEndpoint(url, token).subscribe(signal);
const isStream = ({ headers }: Response) => headers.get('content-type')!.startsWith('text/event-stream');

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('nodes share', () => {
  let nodes: AppNodes;
  let a: TestApp;
  let b: TestApp;
  let token: string;
  beforeEach(async () => {
    nodes = await AppNodes.start(2, ASKING, {
      SESSIONS_PER_PRINCIPAL: '3',
      SESSION_PING: '1s',
      // Not a multiple of what is derived from it.
      SESSION_IDLE: '20s',
    });
    [a, b] = nodes.apps as [TestApp, TestApp];
    token = await signToken();
  }, 60_000);
  afterEach(() => nodes.stop());

  it('a key for the state of calls, where they have no secret', async () => {
    for (const { app } of nodes.apps)
      Object.assign(app.get(MCP_OPTIONS, { strict: false }), { stateKey: undefined });
    const inputResponses = { person: { action: 'accept', content: { name: 'Alice' } } };
    const { requestState } = await StatelessClient.askable(a.url, token).askedBy('greet');
    const done = await StatelessClient.askable(b.url, token).callTool('greet', {
      requestState,
      inputResponses,
    });
    expect(done.text).toContain('Hello, Alice!');
    // Redis has it again after a loss of data, for a node that joins then.
    await nodes.redis.restart('lose');
    await until(async () => (await nodes.redis.client.keys('*{state-key}*')).length === 1);
    await nodes.join(1);
    const { app, url } = nodes.apps[2]!;
    Object.assign(app.get(MCP_OPTIONS, { strict: false }), { stateKey: undefined });
    const again = await StatelessClient.askable(url, token).callTool('greet', {
      requestState,
      inputResponses,
    });
    expect(again.text).toContain('Hello, Alice!');
  });

  it('the limit of streams of changes that a user may have', async () => {
    const leaving = new AbortController();
    const open = [await listen(a, token, leaving.signal), await listen(b, token), await listen(a, token)];
    expect(open.map(isStream)).toEqual([true, true, true]);
    expect(isStream(await listen(b, token))).toBe(false);
    leaving.abort();
    await until(async () => isStream(await listen(b, token)));
  });

  it('no session places of a node that is gone', async () => {
    // Kept: a response that nothing refers to is closed when its memory is collected.
    const listening = [await listen(a, token), await listen(a, token), await listen(a, token)];
    expect(listening.map(isStream)).toEqual([true, true, true]);
    const streams = [await RawSession.open(a.url, token), await RawSession.open(a.url, token)];
    const going = await McpEndpoint.open(a.url, token);
    await until(() => b.app.get(BackplaneNode).membership.isSteady);
    expect(isStream(await listen(b, token))).toBe(false);
    await expect(RawSession.open(b.url, token)).rejects.toThrow('429');
    // Its records last for long: only its silence tells that it is gone.
    const [key] = await nodes.redis.client.keys(`*${streams[0]!.id}*`);
    expect(await nodes.redis.client.pttl(key!)).toBeGreaterThan(600_000);
    await a.app.get(BackplaneNode).membership.stop();
    nodes.hasEnded(streams[0]!);
    await until(async () => isStream(await listen(b, token)));
    expect((await postAt(b, streams[0]!, token, { jsonrpc: '2.0', id: 1, method: 'ping' })).status).toBe(404);
    const others = [await RawSession.open(b.url, token), await RawSession.open(b.url, token)];
    // The session of /mcp goes on, and counts again once it is used.
    expect((await at(b, going, token).call(1, 'ping')).status).toBe(200);
    const slots = b.app.get<ConcurrencyLimiter>(ConcurrencyLimiter);
    const { userKey } = sessionsOf(b).get(going.sessionId!)!.principal;
    await until(async () => (await slots.holders(`sessions:${userKey}`)).length === 3);
    for (const stream of [...streams, ...others]) stream.close();
    await Promise.all(listening.map(({ body }) => body!.cancel()));
  }, 60_000);

  it('the answers to pings: a session ends whose client has not answered two', async () => {
    const silent = await RawSession.open(a.url, token);
    const params = {
      protocolVersion: '2024-11-05',
      capabilities: {},
      clientInfo: { name: 'by-hand', version: '1' },
    };
    await silent.request(1, 'initialize', params);
    const answering = await McpEndpoint.open(a.url, token);
    const answered: string[] = [];
    const reading = (async () => {
      for await (const { data } of eventsOf(await answering.get())) {
        if (data === '') continue;
        const { id, method } = JSON.parse(data) as { id: string; method: string };
        if (method !== 'ping') continue;
        expect((await at(b, answering, token).post({ jsonrpc: '2.0', id, result: {} })).status).toBe(202);
        answered.push(id);
      }
    })();
    await silent.ended;
    const pings = silent.events.filter(({ data }) => data.includes('"ping"'));
    expect(pings).toHaveLength(2);
    const { length } = answered;
    await until(() => answered.length > length + 2);
    expect((await answering.call(2, 'ping')).status).toBe(200);
    expect((await postAt(b, silent, token, { jsonrpc: '2.0', id: 3, method: 'ping' })).status).toBe(404);
    await answering.delete();
    await reading;
  });

  it('sessions that live through a loss of data, and endings that hold', async () => {
    const kept = await McpEndpoint.open(a.url, token);
    const stream = await RawSession.open(a.url, token);
    const ended = await McpEndpoint.open(a.url, token);
    expect((await ended.delete()).status).toBe(204);
    await nodes.redis.restart('lose');
    await until(() => nodes.apps.every(({ app }) => app.get(BackplaneNode).bus.isLive));
    // 503 until its node has written it down again, and never 404.
    const statuses = new Set<number>();
    await until(async () => {
      const { status } = await at(b, kept, token).call(1, 'ping');
      statuses.add(status);
      return status === 200;
    });
    expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    await until(
      async () => (await postAt(b, stream, token, { jsonrpc: '2.0', id: 1, method: 'ping' })).status === 202,
    );
    await until(async () => (await at(b, ended, token).call(1, 'ping')).status === 404);
    expect(sessionsOf(a).get(ended.sessionId!)).toBeUndefined();
    stream.close();
  });

  it('a session of which one node knows an older token only, and that expires while Redis is down', async () => {
    const older = await signToken({ issuedInMs: -60_000, livesMs: HOUR_MS });
    const newer = await signToken({ livesMs: 2 * HOUR_MS });
    const endpoint = await McpEndpoint.open(a.url, older);
    const used = (app: TestApp) => at(app, endpoint, newer).call(1, 'ping');
    expect((await used(b)).status).toBe(200);
    let isReplaced = false;
    a.app.get(BackplaneNode).membership.on('replaced', () => (isReplaced = true));
    await nodes.redis.kill();
    sessionsOf(a).closeExpired(Date.now() + 1.5 * HOUR_MS);
    await until(() => sessionsOf(a).get(endpoint.sessionId!) === undefined);
    await nodes.redis.restart('keep');
    // What a node has ended it ends again then.
    await until(() => isReplaced);
    for (const app of [a, b, a, b]) {
      const statuses: number[] = [];
      await until(async () => statuses.push((await used(app)).status) > 0 && statuses.at(-1) !== 503);
      expect(statuses.at(-1)).toBe(200);
    }
  });

  it('a session that one of them drops as idle while a request for it is on its way', async () => {
    const { sessionId } = await McpEndpoint.open(a.url, token);
    const posted = request(`${a.url}/mcp`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'Mcp-Session-Id': sessionId,
        Expect: '100-continue',
      },
    });
    posted.flushHeaders();
    // The node has found the session.
    await once(posted, 'continue');
    sessionsOf(a).closeExpired(Date.now() + 30_000);
    await until(() => sessionsOf(a).get(sessionId!) === undefined);
    posted.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }));
    const [response] = (await once(posted, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(200);
  });

  it('nothing while Redis is down: for a while a session goes on at the nodes that know it', async () => {
    // Before, what Redis does not hold may only be lost, and no verdict on a token is kept.
    await until(() => nodes.apps.every(({ app }) => app.get(BackplaneNode).membership.isSteady));
    const known = await McpEndpoint.open(a.url, token);
    const unknown = await McpEndpoint.open(a.url, token);
    // Twice: what is read first may have been changed meanwhile.
    for (const id of [1, 2]) expect((await at(b, known, token).call(id, 'ping')).status).toBe(200);
    await nodes.redis.kill();
    await until(() => nodes.apps.every(({ app }) => !app.get(BackplaneNode).bus.isLive));
    expect((await at(b, known, token).call(2, 'ping')).status).toBe(200);
    const refused = await at(b, unknown, token).call(3, 'ping');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    // Half a minute of it, but for the waiting.
    for (const { app } of nodes.apps) {
      const { bus } = app.get(BackplaneNode);
      Object.defineProperty(bus, 'lagMs', { get: () => 11_000 });
    }
    expect((await at(b, known, token).call(4, 'ping')).status).toBe(503);
    await nodes.redis.restart('keep');
  });
});
