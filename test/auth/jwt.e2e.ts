import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expectChallenge, expectNothingOf } from '../support/envelopes.js';
import { type EraClient, ERAS } from '../support/eras/index.js';
import type { McpEndpoint } from '../support/mcp-endpoint.js';
import type { RawSession } from '../support/raw-session.js';
import { CANARY, forge, now, tokenOf } from '../support/forge.js';
import { PUBLIC_URL, startApp, type TestApp } from '../support/test-app.js';
import { type Answer, send } from '../support/wire.js';
import { FORGERIES, keyCarriers } from '../fixtures/forgeries.js';

let app: TestApp;
let victims: EraClient[];
let bait: Server | undefined;

beforeAll(async () => {
  app = await startApp();
  victims = await Promise.all(ERAS.map(({ connect }) => connect(app.url, tokenOf('alice'))));
});

afterEach(() => bait?.close());

afterAll(async () => {
  for (const victim of victims) victim.close();
  await app.close();
});

/** Each with everything right but the token. */
const ROUTES: readonly (readonly [string, string, (token: string) => Promise<Answer>])[] = [
  ['GET /sse', '/sse', (token) => send(`${app.url}/sse`, { token })],
  ...ERAS.map(({ name, route }, at) => [`POST, ${name}`, route, (token: string) => post(token, at)] as const),
  ['GET /mcp', '/mcp', (token) => listen(token)],
  [
    'DELETE /mcp',
    '/mcp',
    (token) => send(`${app.url}/mcp`, { method: 'DELETE', token, headers: NO_SESSION }),
  ],
  ['POST /auth/revoke', '/auth/revoke', (token) => send(`${app.url}/auth/revoke`, { method: 'POST', token })],
];

const NO_SESSION = ['Mcp-Session-Id', 'no-such-session'];

const post = (token: string, era = 0): Promise<Answer> =>
  victims[era]!.send(ERAS[era]!.request('forged', 'tools/list'), { token });

function listen(token: string): Promise<Answer> {
  const { sessionId } = victims[1] as McpEndpoint;
  return send(`${app.url}/mcp`, { token, headers: ['Mcp-Session-Id', sessionId!, 'Accept', '*/*'] });
}

/** Where it is another than 200. That there is no such session is told to those who were let in. */
const PASSED: Readonly<Record<string, number>> = { [`POST, ${ERAS[0]!.name}`]: 202, 'DELETE /mcp': 404 };

async function expectRefused(token: string, [, route, attempt] = ROUTES[0]!): Promise<void> {
  const answer = await attempt(token);
  expectChallenge(answer, { route, error: 'invalid_token' });
  expectNothingOf(token, answer, CANARY);
}

/** The guard is one for all routes: that each has it is told below. */
describe('the guard', () => {
  it.each(FORGERIES)('refuses a token with %s', async (_what, forger) => expectRefused(await forger()));

  it('fetches nothing that a token names, and refuses it', async () => {
    const contacted: unknown[] = [];
    bait = createServer(({ url }, response) => response.end(String(contacted.push(url))));
    await new Promise<void>((listening) => bait!.listen(0, '127.0.0.1', listening));
    const carriers = await keyCarriers(`http://127.0.0.1:${(bait.address() as AddressInfo).port}/keys`);
    for (const token of carriers) await expectRefused(token);
    expect(carriers).toHaveLength(11);
    expect(contacted).toEqual([]);
  });
});

describe.each(ROUTES)('%s', (...theRoute) => {
  const [name, route, attempt] = theRoute;

  it('lets a good token in', async () => {
    const { status } = await attempt(forge());
    expect(status).toBe(PASSED[name] ?? 200);
  });

  it.each([
    ['another signature', () => forge({ secret: 'x' })],
    ['an end that has passed', () => forge({ claims: { iat: now() - 7_200, exp: now() - 3_600 } })],
  ])('refuses a token with %s', (_what, forger) => expectRefused(forger(), theRoute));

  it('says at a missing token what to bring, and names no error', async () => {
    const method = route === '/sse' ? 'GET' : 'POST';
    expectChallenge(await send(app.url + route, { method }), { route });
  });
});

describe('what is right with a token, and must stay so', () => {
  it.each([
    ['typ at+jwt', () => forge({ header: { typ: 'at+jwt' } })],
    ['an aud with a slash', () => forge({ claims: { aud: `${PUBLIC_URL}/` } })],
    ['an aud among others', () => forge({ claims: { aud: ['https://other.example.com', PUBLIC_URL] } })],
    ['no jti', () => forge({ claims: { jti: undefined } })],
    [
      'a kid that is a path, which the server does not follow',
      () => forge({ header: { kid: '../../etc/passwd' } }),
    ],
    [
      'a kid that is SQL, which the server does not run',
      () => forge({ header: { kid: "'; DROP TABLE keys;--" } }),
    ],
    ['a clock 3 s ahead', () => forge({ claims: { iat: now() + 3, nbf: now() + 3 } })],
    ['a life of 30 days', () => forge({ claims: { exp: now() + 30 * 86_400 - 60 } })],
    ['just under 8 KB', () => forge({ claims: { pad: 'x'.repeat(5_700) } })],
  ])('%s', async (_what, forger) => {
    expect((await post(forger())).status).toBe(202);
  });

  it('nothing of a refused token has reached the session', async () => {
    const session = victims[0] as RawSession;
    await session.request('before', 'ping');
    const before = session.messages.length;
    await post(forge({ secret: 'x' }));
    expect((await session.request('after', 'ping')).result).toEqual({});
    expect(session.messages).toHaveLength(before + 1);
  });
});

describe('a token without the scope', () => {
  it.each(['', 'mcp:acces', 'MCP:ACCESS', 'mcp:access2', 'mcp:admin', 'mcp', 'mcp:*', '*'])(
    'but with %j gets 403, and the scope to ask for',
    async (scope) => {
      const token = forge({ claims: { scope } });
      // Who takes a token back, or one's own, needs no scope.
      for (const [, route, attempt] of ROUTES.filter(([, route]) => route !== '/auth/revoke')) {
        const answer = await attempt(token);
        expectChallenge(answer, { route, status: 403, error: 'insufficient_scope' });
        expectNothingOf(token, answer, CANARY);
      }
    },
  );
});
