import { expectChallenge, expectNoInsides, expectProblem } from '../support/envelopes.js';
import { CANARY, forge, tokenOf } from '../support/forge.js';
import { RawSession } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { type Answer, send } from '../support/wire.js';

const LIMIT = 5;
const PING = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });

let app: TestApp;
beforeEach(async () => {
  // The proxy is this machine: so each request may come from where the test likes.
  app = await startApp({ RATE_LIMIT_IP: `${LIMIT}/1d`, TRUSTED_PROXIES: '127.0.0.1' });
});
afterEach(() => app.close());

const bad = () => forge({ secret: 'another server’s secret, of 32 bytes' });

function from(address: string, token?: string, path = '/sse', method = 'GET'): Promise<Answer> {
  return send(app.url + path, { method, token, headers: ['X-Forwarded-For', address] });
}

async function exhaust(address: string): Promise<void> {
  for (let at = 0; at < LIMIT; at += 1) expect((await from(address, bad())).status).toBe(401);
}

function expectBlocked(answer: Answer): void {
  expectProblem(answer, 429, 'too_many_requests');
  const seconds = Number(answer.headers['retry-after']);
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(86_400 / LIMIT);
  expect(answer.headers['ratelimit-policy']).toBe(`"failed-authentications";q=${LIMIT};w=86400`);
  expect(answer.headers['ratelimit']).toBe(`"failed-authentications";r=0;t=${seconds}`);
  expect(answer.text + JSON.stringify(answer.headers)).not.toContain(CANARY);
  expectNoInsides(answer);
}

it('blocks an address on every guarded route, and no other address', async () => {
  await exhaust('192.0.2.1');
  for (const [method, path] of [
    ['GET', '/sse'],
    ['POST', '/message?sessionId=x'],
    ['POST', '/mcp'],
    ['GET', '/mcp'],
    ['DELETE', '/mcp'],
    ['POST', '/auth/revoke'],
  ] as const) {
    expectBlocked(await from('192.0.2.1', bad(), path, method));
  }
  // A good one passes, whether it was seen before or not.
  for (let at = 0; at < 3; at += 1) expect((await from('192.0.2.1', tokenOf('alice'))).status).toBe(200);
  expect((await from('192.0.2.2', tokenOf('alice'))).status).toBe(200);
});

it('leaves what needs no token alone, and still tells a client without a token where to get one', async () => {
  await exhaust('192.0.2.1');
  expectChallenge(await from('192.0.2.1'), { route: '/sse' });
  for (const path of ['/', '/health/live', '/.well-known/oauth-protected-resource']) {
    expect((await from('192.0.2.1', bad(), path)).status).toBe(200);
  }
});

it('does not count what any page could have its visitors’ browsers send', async () => {
  for (let sent = 0; sent <= LIMIT; sent += 1) {
    const answer = await from('192.0.2.1', undefined, '/sse?access_token=x');
    expectChallenge(answer, { route: '/sse', error: 'invalid_request' });
  }
  expect((await from('192.0.2.1', tokenOf('alice'))).status).toBe(200);
});

it('mixed with bad tokens, good ones pass, also those that come for the first time', async () => {
  const known: string[] = [];
  for (let at = 0; at < LIMIT; at += 1) {
    known.push(tokenOf(`user ${at}`));
    expect((await from('192.0.2.1', known.at(-1))).status).toBe(200);
    expect((await from('192.0.2.1', bad())).status).toBe(401);
  }
  const flood = await Promise.all(
    Array.from({ length: 100 }, (_, at) =>
      from('192.0.2.1', at % 2 === 0 ? bad() : at % 4 === 1 ? known[at % LIMIT] : tokenOf(`late ${at}`)),
    ),
  );
  expect(flood.filter(({ status }) => status === 429)).toHaveLength(50);
  expect(flood.filter(({ status }) => status === 200)).toHaveLength(50);
});

it('serves a session whose neighbours behind the same address fail', async () => {
  const session = await RawSession.open(app.url, tokenOf('alice'));
  const { status } = await session.post(PING, { 'X-Forwarded-For': '192.0.2.1' });
  expect(status).toBe(202);
  await exhaust('192.0.2.1');
  for (let at = 0; at < 20; at += 1) {
    expect((await session.post(PING, { 'X-Forwarded-For': '192.0.2.1' })).status).toBe(202);
  }
  session.close();
});

it.each([
  ['192.0.2.1', '::ffff:192.0.2.1', '192.0.2.2'],
  ['2001:db8:1:1::1', '2001:db8:1:1:ffff:1:2:3', '2001:db8:1:2::1'],
])('counts %s and %s as one, and %s as another', async (one, same, other) => {
  await exhaust(one);
  expectBlocked(await from(same, bad()));
  expect((await from(other, bad())).status).toBe(401);
});

it('believes only the proxy about an address', async () => {
  // The client writes what it likes; the proxy appends what it sees.
  for (let at = 0; at < LIMIT; at += 1) await from(`203.0.113.${at}, 192.0.2.1`, bad());
  expectBlocked(await from('203.0.113.77, 192.0.2.1', bad()));
  expect((await from('203.0.113.0', bad())).status).toBe(401);
  await app.close();
  app = await startApp({ RATE_LIMIT_IP: `${LIMIT}/1d` });
  for (let at = 0; at < LIMIT; at += 1) expect((await from(`203.0.113.${at}`, bad())).status).toBe(401);
  expectBlocked(await from('203.0.113.77', bad()));
});
