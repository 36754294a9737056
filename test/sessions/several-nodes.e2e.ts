import { BackplaneNode, BackplaneUnavailable, Records } from '../../src/backplane/index.js';
import { MemoryBeats } from '../../src/backplane/memory/memory-beats.js';
import { MemoryLogs } from '../../src/backplane/memory/memory-logs.js';
import { MemoryRecords } from '../../src/backplane/memory/memory-records.js';
import { MemoryEventStore } from '../../src/backplane/memory/memory-event.store.js';
import { MemoryConcurrencyLimiter } from '../../src/backplane/memory/memory-concurrency.limiter.js';
import {
  type CallContext,
  type McpResource,
  type McpTool,
  Resource,
  SessionService,
  Tool,
} from '../../src/mcp/index.js';
import type { Session } from '../../src/mcp/sessions/session.js';
import { eventsOf, McpEndpoint } from '../support/mcp-endpoint.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';

/** Tells of each of its steps. */
@Tool({ name: 'steps', description: 'Takes three steps.' })
class StepsTool implements McpTool {
  execute(_input: Record<string, never>, context: CallContext): string {
    for (const step of [1, 2, 3]) {
      context.progress(step);
      context.log('info', `step ${step}`);
    }
    return 'done';
  }
}

@Resource({ name: 'news', uri: 'app://news' })
class NewsResource implements McpResource {
  read(): string {
    return 'news';
  }
}

/** Two applications over one backplane, as two nodes over Redis will be. */
let nodes: [TestApp, TestApp];
let token: string;

beforeAll(async () => {
  nodes = [await startApp({}, [StepsTool, NewsResource]), await startApp({}, [StepsTool, NewsResource])];
  await share(nodes[0], nodes[1]);
  token = await nodes[0].token();
});

afterAll(() => Promise.all(nodes.map((node) => node.close())));

/** Puts the second node on the engine of the first. */
async function share({ app: first }: TestApp, { app: second }: TestApp): Promise<void> {
  const node = second.get(BackplaneNode);
  await node.stop();
  for (const port of [MemoryBeats, MemoryLogs, MemoryRecords, MemoryEventStore, MemoryConcurrencyLimiter]) {
    Object.assign(second.get(port, { strict: false }), first.get(port, { strict: false }));
  }
  await node.start();
  for (const app of [first, second]) {
    Object.assign(app.get(MemoryBeats, { strict: false }), { isLocal: false });
    Object.assign(app.get(BackplaneNode).membership, { isAlone: false });
  }
}

/** The same session, at the other node. */
function across(endpoint: McpEndpoint, bearer = token): McpEndpoint {
  const there = new McpEndpoint(nodes[1].url, bearer);
  there.sessionId = endpoint.sessionId;
  return there;
}

describe('a session that was opened on one node', () => {
  it('is served by another node, with what initialize has agreed', async () => {
    const here = await McpEndpoint.open(nodes[0].url, token, '2025-03-26');
    const there = across(here);
    const batch = [
      { jsonrpc: '2.0', id: 1, method: 'ping' },
      { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'test' } },
    ];
    // Only 2025-03-26 has batches.
    expect(await (await there.post(batch)).json()).toMatchObject([{ id: 1 }, { id: 2 }]);
    expect((await there.request(3, 'initialize')).error).toMatchObject({ code: -32600 });
    expect((await here.request(4, 'ping')).result).toEqual({});
  });

  it('is unknown to another user at the other node too', async () => {
    const here = await McpEndpoint.open(nodes[0].url, token);
    const stranger = new McpEndpoint(nodes[1].url, await nodes[0].token('mallory'));
    stranger.sessionId = here.sessionId;
    expect((await stranger.call(1, 'ping')).status).toBe(404);
    expect((await across(here).call(1, 'ping')).status).toBe(200);
  });

  it('ends everywhere when it is deleted anywhere', async () => {
    const here = await McpEndpoint.open(nodes[0].url, token);
    const there = across(here);
    expect((await there.call(1, 'ping')).status).toBe(200);
    expect((await there.delete()).status).toBe(204);
    expect((await here.call(2, 'ping')).status).toBe(404);
  });

  it('has at the other node what is agreed later', async () => {
    const here = await McpEndpoint.open(nodes[0].url, token);
    const there = across(here);
    expect((await there.request(1, 'logging/setLevel', { level: 'emergency' })).result).toEqual({});
    // Else it would log to the client, and the answer were a stream.
    expect((await here.request(2, 'tools/call', { name: 'steps' })).result).toMatchObject({ content: [{}] });
  });

  it('has its subscriptions at the other node', async () => {
    const here = await McpEndpoint.open(nodes[0].url, token);
    expect((await here.request(1, 'resources/subscribe', { uri: 'app://news' })).result).toEqual({});
    expect((await across(here).request(2, 'ping')).result).toEqual({});
    const sessions = nodes[1].app.get(SessionService, { strict: false }).list();
    const there = sessions.find(({ id }) => id === here.sessionId)!;
    expect([...there.subscriptions]).toEqual(['app://news']);
  });

  it('replays on one node what was sent on the other', async () => {
    const here = await McpEndpoint.open(nodes[0].url, token);
    const call = { name: 'steps', _meta: { progressToken: 'p' } };
    const sent = [];
    for await (const event of eventsOf(await here.call(1, 'tools/call', call))) sent.push(event);
    const replayed = [];
    const rest = await across(here).get({ 'Last-Event-ID': sent[1]!.id });
    for await (const event of eventsOf(rest)) replayed.push(event);
    expect(replayed).toEqual(sent.slice(2));
  });
});

describe('a session of two nodes', () => {
  it('stays deleted at a node that was using it', async () => {
    const here = await McpEndpoint.open(nodes[0].url, token);
    const there = across(here);
    expect((await there.call(1, 'ping')).status).toBe(200);
    const heldThere = sessionOf(1, here);
    expect((await here.delete()).status).toBe(204);
    // As its call or its clock would, had it not heard of the end.
    nodes[1].app.get(SessionService, { strict: false }).renew(heldThere);
    expect((await there.call(2, 'ping')).status).toBe(404);
    expect((await here.call(3, 'ping')).status).toBe(404);
  });

  it('loses its streams at once when it is deleted at the other node', async () => {
    const here = await McpEndpoint.open(nodes[0].url, token);
    const stream = await here.get();
    expect((await across(here).delete()).status).toBe(204);
    // To its end.
    await stream.text();
    expect((await here.call(1, 'ping')).status).toBe(404);
  });

  it('lives on with the token that its client has refreshed at the other node, when the first one expires', async () => {
    const old = await signToken({ livesMs: 120_000, issuedInMs: -60_000 });
    const here = await McpEndpoint.open(nodes[0].url, old);
    const newer = across(here, await signToken());
    expect((await newer.call(1, 'ping')).status).toBe(200);
    nodes[0].app.get(SessionService, { strict: false }).closeExpired(Date.now() + 180_000);
    expect((await newer.call(2, 'ping')).status).toBe(200);
    await until(() => sessionOf(0, here).principal.expiresAt > Date.now() + 180_000);
  });

  it('lives on with the refreshed token when the first one is revoked', async () => {
    const old = await signToken({ sub: 'carol', issuedInMs: -60_000 });
    const here = await McpEndpoint.open(nodes[0].url, old);
    const newer = across(here, await signToken({ sub: 'carol' }));
    expect((await newer.call(1, 'ping')).status).toBe(200);
    const headers = { Authorization: `Bearer ${old}` };
    expect((await fetch(`${nodes[0].url}/auth/revoke`, { method: 'POST', headers })).status).toBe(200);
    expect((await newer.call(2, 'ping')).status).toBe(200);
    await until(() => sessionOf(0, here).principal.issuedAt > Date.now() / 1_000 - 30);
  });

  it('outlives the node that it was opened on', async () => {
    const leaving = await startApp({}, [StepsTool, NewsResource]);
    await share(nodes[0], leaving);
    const here = await McpEndpoint.open(leaving.url, token);
    await leaving.close();
    expect((await across(here).call(1, 'ping')).status).toBe(200);
    expect((await across(here).delete()).status).toBe(204);
  });

  it('is answered 503, and not 404, while the records cannot be read', async () => {
    const here = await McpEndpoint.open(nodes[0].url, token);
    const records = nodes[0].app.get<Records>(Records);
    jest.spyOn(records, 'read').mockRejectedValueOnce(new BackplaneUnavailable('on purpose'));
    const response = await here.call(1, 'ping');
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await here.call(2, 'ping')).status).toBe(200);
  });
});

function sessionOf(node: number, { sessionId }: McpEndpoint): Session {
  const sessions = nodes[node]!.app.get(SessionService, { strict: false }).list();
  return sessions.find(({ id }) => id === sessionId)!;
}
