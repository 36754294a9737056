import { SessionService } from '../../src/mcp/index.js';
import { Gate, GATED } from '../support/gate.tool.js';
import { RawSession } from '../support/raw-session.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { connectSdk } from '../support/sdk-client.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';

let app: TestApp;
let sessions: SessionService;
let logs: RecordedLogs;

beforeAll(async () => {
  app = await startApp({ HEARTBEAT: '100ms' }, GATED);
  sessions = app.app.get(SessionService, { strict: false });
  logs = RecordedLogs.of(app);
});

afterEach(() => until(() => sessions.size === 0));
afterAll(() => app.close());

const revoke = (token: string, body?: Record<string, string>) =>
  fetch(`${app.url}/auth/revoke`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: new URLSearchParams(body) }),
  });

describe('a stream', () => {
  it('has the headers that keep proxies from buffering it, and heartbeats', async () => {
    const session = await RawSession.open(app.url, await signToken());
    expect(session.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    // Chunks would make four pieces of each event.
    expect(session.response.headers).not.toHaveProperty('transfer-encoding');
    expect(session.events[0]).toEqual({ event: 'endpoint', data: `/message?sessionId=${session.id}` });
    expect(session.id).toMatch(/^[A-Za-z0-9_-]{22}$/);
    await session.until(() => session.comments.length >= 3);
    expect(new Set(session.comments)).toEqual(new Set([': heartbeat']));
    expect(session.events).toHaveLength(1);
    session.close();
  });

  it('has replies under ids of every kind, unchanged', async () => {
    const session = await RawSession.open(app.url, await signToken());
    const ids = [0, 1, '1', '', -7, Number.MAX_SAFE_INTEGER, 'é\r\n\u2028"', 'x'.repeat(10_000)];
    for (const id of ids) expect((await session.request(id, 'ping')).result).toEqual({});
    expect(session.messages.map(({ id }) => id)).toEqual(ids);
    session.close();
  });

  it('does not take the id of a request that is still running', async () => {
    const gate = app.app.get(Gate, { strict: false });
    const session = await RawSession.open(app.url, await signToken());
    const call = (id: unknown, key: string) =>
      session.post({
        jsonrpc: '2.0',
        id,
        method: 'tools/call',
        params: { name: 'wait', arguments: { key } },
      });
    expect((await call(1, 'first')).status).toBe(202);
    const first = await gate.held('first');
    const again = await call(1, 'again');
    expect(again.status).toBe(400);
    expect(await again.json()).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32600 } });
    expect((await call('1', 'text')).status).toBe(202);
    (await gate.held('text')).release('text');
    await session.reply('1');
    first.release('first');
    await session.reply(1);
    expect((await session.request(1, 'ping')).id).toBe(1);
    session.close();
  });
});

describe('a session ends', () => {
  it('when its client leaves', async () => {
    const clients = await Promise.all([1, 2, 3].map(async () => connectSdk(app.url, await signToken())));
    expect(sessions.size).toBe(3);
    await Promise.all(clients.map((client) => client.close()));
    await until(() => sessions.size === 0);
    expect(logs.endings.slice(-3)).toEqual(Array(3).fill('client_disconnected'));
  });

  it('when its token expires: a call in flight is aborted', async () => {
    const gate = app.app.get(Gate, { strict: false });
    const expiresAt = Date.now() + 600;
    const session = await RawSession.open(app.url, await signToken({ livesMs: 600 }));
    const params = { name: 'wait', arguments: { key: 'expiring' } };
    await session.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
    const { signal } = await gate.held('expiring');
    await session.ended;
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
    expect(logs.endings.at(-1)).toBe('token_expired');
    expect(signal.reason).toMatchObject({ outcome: 'token_expired' });
    expect((await session.post({ jsonrpc: '2.0', id: 2, method: 'ping' })).status).toBe(404);
  });

  it('when the newest token of its owner expires, also where an older one comes after it', async () => {
    const first = await signToken({ livesMs: 700 });
    const refreshed = await signToken({ livesMs: 60_000 });
    const older = await signToken({ livesMs: 650, issuedInMs: -5_000 });
    const [session, witness] = [await RawSession.open(app.url, first), await RawSession.open(app.url, first)];
    for (const token of [refreshed, older]) {
      const ping = { jsonrpc: '2.0', id: token.length, method: 'ping' };
      expect((await session.post(ping, { Authorization: `Bearer ${token}` })).status).toBe(202);
    }
    await witness.ended;
    expect(logs.endings.at(-1)).toBe('token_expired');
    const message = { jsonrpc: '2.0', id: 'alive', method: 'ping' };
    await session.post(message, { Authorization: `Bearer ${refreshed}` });
    expect((await session.reply('alive')).result).toEqual({});
    session.close();
  });

  it('when its token is revoked', async () => {
    const [token, other] = [await signToken(), await signToken({ livesMs: 500_000 })];
    const [session, sibling] = [await RawSession.open(app.url, token), await RawSession.open(app.url, other)];
    expect((await revoke(token)).status).toBe(200);
    await session.ended;
    expect(logs.endings.at(-1)).toBe('token_revoked');
    await expect(RawSession.open(app.url, token)).rejects.toThrow('401');
    expect((await sibling.request(1, 'ping')).result).toEqual({});
    sibling.close();
  });

  it('with all others of its subject, when an administrator revokes the subject', async () => {
    const mallory = [
      await signToken({ sub: 'mallory' }),
      await signToken({ sub: 'mallory', clientId: 'other' }),
    ];
    const taken = await Promise.all(mallory.map((token) => RawSession.open(app.url, token)));
    const alice = await RawSession.open(app.url, await signToken());
    const admin = await signToken({ sub: 'root', scope: 'mcp:access mcp:admin' });
    expect((await revoke(await signToken({ sub: 'bob' }), { sub: 'mallory' })).status).toBe(403);
    expect((await revoke(admin, { sub: 'mallory' })).status).toBe(200);
    await Promise.all(taken.map(({ ended }) => ended));
    expect(logs.endings.slice(-2)).toEqual(['token_revoked', 'token_revoked']);
    expect((await alice.request(1, 'ping')).result).toEqual({});
    alice.close();
  });
});
