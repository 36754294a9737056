import { SessionService } from '../../src/mcp/index.js';
import { RawSession } from '../support/raw-session.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { startApp } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';

const open = (url: string, token: string) =>
  fetch(`${url}/sse`, { headers: { Authorization: `Bearer ${token}` } });

describe('SESSION_MAX', () => {
  it('ends a session at this age, however busy it is', async () => {
    const app = await startApp({ SESSION_MAX: '300ms', HEARTBEAT: '100ms' });
    const logs = RecordedLogs.of(app);
    const openedAt = Date.now();
    const session = await RawSession.open(app.url, await signToken());
    let status = 202;
    for (let id = 1; status === 202; id += 1) {
      ({ status } = await session.post({ jsonrpc: '2.0', id, method: 'ping' }));
    }
    await session.ended;
    expect(status).toBe(404);
    expect(logs.endings).toEqual(['max_age']);
    expect(Date.now() - openedAt).toBeGreaterThanOrEqual(300);
    await app.close();
  });
});

describe('SESSIONS_PER_PRINCIPAL', () => {
  it('refuses a user with one session too many where all are in use, whatever the program, until one ends; other users are not refused', async () => {
    const app = await startApp({ SESSIONS_PER_PRINCIPAL: '2' });
    const sessions = app.app.get(SessionService, { strict: false });
    const [token, refreshed] = [await signToken(), await signToken({ livesMs: 500_000 })];
    const held = [await RawSession.open(app.url, token), await RawSession.open(app.url, refreshed)];

    const refused = await open(app.url, token);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32600 } });
    expect(sessions.size).toBe(2);

    expect((await open(app.url, await signToken({ clientId: 'another-program' }))).status).toBe(429);
    (await RawSession.open(app.url, await signToken({ sub: 'bob' }))).close();
    await until(() => sessions.size === 2);

    held.pop()!.close();
    await until(() => sessions.size === 1);
    held.push(await RawSession.open(app.url, token));
    expect((await open(app.url, refreshed)).status).toBe(429);
    for (const session of held) session.close();
    await app.close();
  });

  it('holds when many sessions are opened at once', async () => {
    const app = await startApp({ SESSIONS_PER_PRINCIPAL: '3' });
    const token = await signToken();
    const responses = await Promise.all(Array.from({ length: 12 }, () => open(app.url, token)));
    const statuses = responses.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(3);
    expect(statuses.filter((status) => status === 429)).toHaveLength(9);
    for (const { body } of responses) await body?.cancel();
    await app.close();
  });
});
