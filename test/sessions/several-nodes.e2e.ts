import { MemoryRecordStore } from '../../src/backplane/memory/memory-record.store.js';
import { MemoryReplayLog } from '../../src/backplane/memory/memory-replay.log.js';
import { MemorySlotCounter } from '../../src/backplane/memory/memory-slot.counter.js';
import {
  type CallContext,
  type McpResource,
  type McpTool,
  Resource,
  SessionService,
  Tool,
} from '../../src/mcp/index.js';
import { eventsOf, McpEndpoint } from '../support/mcp-endpoint.js';
import { startApp, type TestApp } from '../support/test-app.js';

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
  const [{ app: first }, { app: second }] = nodes;
  for (const engine of [MemoryRecordStore, MemoryReplayLog, MemorySlotCounter]) {
    Object.assign(second.get(engine, { strict: false }), first.get(engine, { strict: false }));
  }
  token = await nodes[0].token();
});

afterAll(() => Promise.all(nodes.map((node) => node.close())));

/** The same session, at the other node. */
function across(endpoint: McpEndpoint): McpEndpoint {
  const there = new McpEndpoint(nodes[1].url, token);
  there.sessionId = endpoint.sessionId;
  return there;
}

describe('a session that was opened on one node', () => {
  it('is served by another, which knows what was agreed', async () => {
    const here = await McpEndpoint.open(nodes[0].url, token, '2025-03-26');
    const there = across(here);
    const batch = [
      { jsonrpc: '2.0', id: 1, method: 'ping' },
      { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'test' } },
    ];
    // Only 2025-03-26 has batches.
    expect(await (await there.post(batch)).json()).toMatchObject([{ id: 1 }, { id: 2 }]);
    expect((await there.reply(3, 'initialize')).error).toMatchObject({ code: -32600 });
    expect((await here.reply(4, 'ping')).result).toEqual({});
  });

  it('belongs to nobody else there either', async () => {
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

  it('keeps what is agreed later', async () => {
    const here = await McpEndpoint.open(nodes[0].url, token);
    const there = across(here);
    expect((await there.reply(1, 'logging/setLevel', { level: 'emergency' })).result).toEqual({});
    // Else it would log to the client, and the answer were a stream.
    expect((await here.reply(2, 'tools/call', { name: 'steps' })).result).toMatchObject({ content: [{}] });
  });

  it('keeps what it has subscribed to', async () => {
    const here = await McpEndpoint.open(nodes[0].url, token);
    expect((await here.reply(1, 'resources/subscribe', { uri: 'app://news' })).result).toEqual({});
    expect((await across(here).reply(2, 'ping')).result).toEqual({});
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
