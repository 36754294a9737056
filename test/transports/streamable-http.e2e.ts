import { SessionService } from '../../src/mcp/index.js';
import { CountTool } from '../support/count.tool.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import type { Reply } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await startApp({}, [CountTool]);
  token = await app.token();
});

afterAll(() => app.close());

const open = (version?: string): Promise<McpEndpoint> => McpEndpoint.open(app.url, token, version);
const service = (): SessionService => app.app.get(SessionService, { strict: false });

describe('a session', () => {
  it('begins with initialize, whose reply carries its id, and serves calls as JSON', async () => {
    const endpoint = await open();
    expect(endpoint.sessionId).toMatch(/^[\w-]{22}$/);
    const response = await endpoint.call(1, 'tools/call', { name: 'test' });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('mcp-session-id')).toBeNull();
    expect(((await response.json()) as Reply).result).toEqual({
      content: [{ type: 'text', text: 'Security check successful' }],
    });
  });

  it.each(['2025-03-26', '2025-06-18', '2025-11-25'])('speaks %s', async (version) => {
    const endpoint = new McpEndpoint(app.url, token);
    const params = { protocolVersion: version, capabilities: {}, clientInfo: { name: 'c', version: '1' } };
    expect((await endpoint.request(1, 'initialize', params)).result).toMatchObject({
      protocolVersion: version,
    });
  });

  it('is not opened by an initialize that is refused', async () => {
    const before = service().size;
    const response = await new McpEndpoint(app.url, token).call(1, 'initialize', {});
    expect(response.headers.get('mcp-session-id')).toBeNull();
    expect(((await response.json()) as Reply).error?.code).toBe(-32602);
    expect(service().size).toBe(before);
  });

  it('answers notifications and responses with 202 and nothing', async () => {
    const endpoint = await open();
    for (const message of [{ method: 'notifications/initialized' }, { id: 9, result: {} }]) {
      const response = await endpoint.post({ jsonrpc: '2.0', ...message });
      expect([response.status, await response.text()]).toEqual([202, '']);
    }
  });

  it('ends by DELETE, and is unknown from then on', async () => {
    const endpoint = await open();
    expect((await endpoint.delete()).status).toBe(204);
    for (const response of [await endpoint.call(1, 'ping'), await endpoint.get(), await endpoint.delete()]) {
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ id: null, error: { code: -32001 } });
    }
  });

  it('belongs to its principal on POST, GET and DELETE', async () => {
    const endpoint = await open();
    const stranger = new McpEndpoint(app.url, await app.token('mallory'));
    stranger.sessionId = endpoint.sessionId;
    const lastEvent = { 'Last-Event-ID': 'standing.1' };
    const tries = [stranger.call(1, 'ping'), stranger.get(), stranger.get(lastEvent), stranger.delete()];
    for (const response of await Promise.all(tries)) expect(response.status).toBe(404);
    expect((await endpoint.request(2, 'ping')).result).toEqual({});
  });

  it('is not one of the other transport', async () => {
    const endpoint = await open();
    const response = await fetch(`${app.url}/message?sessionId=${endpoint.sessionId!}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    });
    expect(response.status).toBe(404);
  });

  it('ends when it is not used, but not while a stream is open', async () => {
    const hasty = await startApp({ SESSION_IDLE: '300ms' });
    const bearer = await hasty.token();
    const [idle, listening] = [
      await McpEndpoint.open(hasty.url, bearer),
      await McpEndpoint.open(hasty.url, bearer),
    ];
    const stream = await listening.get();
    const sessions = hasty.app.get(SessionService, { strict: false });
    await until(() => sessions.size === 1);
    expect((await idle.call(1, 'ping')).status).toBe(404);
    expect((await listening.request(1, 'ping')).result).toEqual({});
    await stream.body!.cancel();
    await hasty.close();
  });
});

describe('bad requests', () => {
  it.each([
    ['no Accept', { Accept: '' }, 406],
    ['Accept of another type', { Accept: 'text/html' }, 406],
    ['an unknown revision', { 'MCP-Protocol-Version': '1999-01-01' }, 400],
    ['another content type', { 'Content-Type': 'text/plain' }, 415],
    ['an empty session', { 'Mcp-Session-Id': '' }, 400],
    ['a guessed session', { 'Mcp-Session-Id': 'AAAAAAAAAAAAAAAAAAAAAA' }, 404],
  ])('%s', async (_name, headers, status) => {
    const endpoint = await open();
    const response = await endpoint.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, headers);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ jsonrpc: '2.0', error: { code: expect.any(Number) } });
  });

  it('names no session: 400, and none is picked for it', async () => {
    await open();
    const response = await new McpEndpoint(app.url, token).call(1, 'ping');
    expect(response.status).toBe(400);
  });

  it('has no token: 401 with the challenge for /mcp', async () => {
    const response = await new McpEndpoint(app.url, 'x').call(1, 'ping');
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('/.well-known/oauth-protected-resource/mcp"');
  });

  it('uses an id that is in progress', async () => {
    const endpoint = await open();
    const first = await endpoint.call(1, 'tools/call', { name: 'count', _meta: { progressToken: 'p' } });
    expect((await endpoint.call(1, 'ping')).status).toBe(400);
    CountTool.release();
    expect(await first.text()).toContain('counted');
  });
});

describe('batches', () => {
  const batch = [
    { jsonrpc: '2.0', id: 1, method: 'ping' },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', id: 2, method: 'nonsense' },
  ];

  it('are answered with an array in 2025-03-26', async () => {
    const endpoint = await open('2025-03-26');
    const replies = (await (await endpoint.post(batch)).json()) as Reply[];
    expect(replies.map(({ id, error }) => [id, error?.code])).toEqual([
      [1, undefined],
      [2, -32601],
    ]);
  });

  it('have 50 messages at most', async () => {
    const pings = Array.from({ length: 50 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' }));
    const replies = (await (await (await open('2025-03-26')).post(pings)).json()) as Reply[];
    expect(replies).toHaveLength(50);
  });

  it('are refused where the revision has none, when empty, oversized or ambiguous', async () => {
    const [newer, older] = [await open('2025-06-18'), await open('2025-03-26')];
    const same = [batch[0], batch[0]];
    const many = Array.from({ length: 51 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' }));
    for (const response of [
      await newer.post(batch),
      await older.post([]),
      await older.post(many),
      await older.post(same),
    ]) {
      expect(response.status).toBe(400);
    }
  });

  it('open no session', async () => {
    const params = {
      protocolVersion: '2025-03-26',
      capabilities: {},
      clientInfo: { name: 'c', version: '1' },
    };
    const before = service().size;
    const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params };
    expect((await new McpEndpoint(app.url, token).post([initialize])).status).toBe(400);
    expect(service().size).toBe(before);
  });
});
