import { connect } from 'node:net';
import { SessionService } from '../../src/mcp/index.js';
import { expectRpcRefusal } from '../support/envelopes.js';
import { tokenOf } from '../support/forge.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { send } from '../support/wire.js';

const LIMIT = 3;

let app: TestApp;
let sessions: SessionService;
let open: RawSession[];

beforeAll(async () => {
  app = await startApp({ SESSIONS_PER_PRINCIPAL: String(LIMIT) });
  sessions = app.app.get(SessionService);
});
afterAll(() => app.close());
beforeEach(() => {
  open = [];
});
afterEach(async () => {
  for (const session of open) session.close();
  await until(() => sessions.size === 0);
});

async function fill(token: string): Promise<void> {
  for (let at = 0; at < LIMIT; at += 1) open.push(await RawSession.open(app.url, token));
}

const attempt = (token: string) => send(`${app.url}/sse`, { token });

it('refuses a principal one session more than it may hold, and says when to come again', async () => {
  await fill(tokenOf('alice'));
  for (const token of [tokenOf('alice'), tokenOf('alice', { client_id: '' })]) {
    const answer = await attempt(token);
    expectRpcRefusal(answer, 429, -32600);
    expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  }
  expect(sessions.size).toBe(LIMIT);
});

it('counts each user alone, whose clients share the places', async () => {
  await fill(tokenOf('alice'));
  open.push(await RawSession.open(app.url, tokenOf('bob')));
  expectRpcRefusal(await attempt(tokenOf('alice', { client_id: 'cli' })), 429, -32600);
  expect(sessions.size).toBe(LIMIT + 1);
});

it('lets no more in when they all come at once', async () => {
  const token = tokenOf('alice');
  const attempts = await Promise.allSettled(
    Array.from({ length: 20 }, () => RawSession.open(app.url, token).then((session) => open.push(session))),
  );
  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(LIMIT);
  expect(sessions.size).toBe(LIMIT);
});

it('gives the place back when a session ends', async () => {
  await fill(tokenOf('alice'));
  open.pop()!.close();
  await until(() => sessions.size < LIMIT);
  open.push(await RawSession.open(app.url, tokenOf('alice')));
  expectRpcRefusal(await attempt(tokenOf('alice')), 429, -32600);
});

it('keeps no place for clients that leave while they are being let in', async () => {
  const { hostname, port, host } = new URL(app.url);
  const token = tokenOf('alice');
  // Known from here on, so that letting it in takes no turn of the event loop.
  expect((await attempt(token)).status).toBe(200);
  const bytes = `GET /sse HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  const gone = Array.from({ length: 50 }, () => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes, () => socket.destroy()));
    return new Promise((closed) => socket.once('close', closed).on('error', () => undefined));
  });
  await Promise.all(gone);
  // Also the last of them has been seen by now: the server takes connections in order.
  expect((await send(`${app.url}/health/live`)).status).toBe(200);
  await until(() => sessions.size === 0);
  await fill(tokenOf('alice'));
});

it('opens none for a request that cannot have a stream', async () => {
  const answer = await send(`${app.url}/sse`, { method: 'HEAD', token: tokenOf('alice') });
  expect(answer.status).toBe(405);
  expect(sessions.size).toBe(0);
});

describe('what a client says of itself', () => {
  const many = 'x'.repeat(66_000);
  const params = (name: string, capabilities: object) => ({
    protocolVersion: '2025-11-25',
    capabilities,
    clientInfo: { name, version: '1', icons: [{ src: `data:image/png;base64,${many}` }] },
  });
  const TOO_MUCH: readonly (readonly [string, object])[] = [
    ['capabilities', params('x', { experimental: { x: { many } } })],
    ['name', params(many, {})],
  ];

  it.each(TOO_MUCH)('is too much to keep with its session: its %s', async (_what, tooMuch) => {
    const session = await RawSession.open(app.url, tokenOf('alice'));
    open.push(session);
    expect((await session.request(1, 'initialize', { ...tooMuch })).error).toMatchObject({ code: -32602 });
    const endpoint = new McpEndpoint(app.url, tokenOf('alice'));
    expect((await endpoint.request(1, 'initialize', { ...tooMuch })).error).toMatchObject({ code: -32602 });
    expect(sessions.size).toBe(1);
  });

  it('may be much where nothing is kept of it', async () => {
    const session = await RawSession.open(app.url, tokenOf('alice'));
    open.push(session);
    expect((await session.request(1, 'initialize', params('x', {}))).result).toBeDefined();
  });
});
