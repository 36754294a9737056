import { decodeJwt, type JWK } from 'jose';
import { expectChallenge, expectNothingOf } from '../support/envelopes.js';
import { ENVELOPE, ERAS } from '../support/eras/index.js';
import { CANARY, forge, tokenOf } from '../support/forge.js';
import { IdentityProvider, newKey } from '../support/identity-provider.js';
import { RawSession } from '../support/raw-session.js';
import { connectSdk, connectSdkOverMcp, textOf } from '../support/sdk-client.js';
import { PUBLIC_URL, startApp, type TestApp } from '../support/test-app.js';
import { type Answer, send } from '../support/wire.js';
import { FORGERIES } from '../fixtures/forgeries.js';
import { type Forge, PROVIDER_FORGERIES, providerClaims } from '../fixtures/provider-forgeries.js';

const RESOURCE = `${PUBLIC_URL}/mcp`;
const JSON_TYPE = ['Content-Type', 'application/json', 'Accept', 'application/json, text/event-stream'];
const clientInfo = { name: 'by-hand', version: '1' };
const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo },
});

let app: TestApp;
let provider: IdentityProvider;
let other: IdentityProvider;
let forger: Forge;

beforeAll(async () => {
  const keys: JWK[] = [await newKey('ES256', 'one'), await newKey('RS256', 'two')];
  const otherKeys = [await newKey('ES256', 'one')];
  provider = await IdentityProvider.start(keys);
  other = await IdentityProvider.start(otherKeys);
  forger = { provider, other, key: keys[0]!, otherKey: otherKeys[0]! };
  const issuers = [{ issuer: provider.issuer }, { issuer: other.issuer, jwksUri: `${other.issuer}/jwks` }];
  app = await startApp({
    AUTH_ISSUERS: JSON.stringify(issuers),
    AUTH_ROLE_SCOPES: '{"staff":["mcp:access"]}',
  });
});

afterAll(async () => {
  await app.close();
  await Promise.all([provider.down(), other.down()]);
});

/** Each with everything right but the token. */
const ROUTES: readonly (readonly [route: string, attempt: (token: string) => Promise<Answer>])[] = [
  ['/sse', (token) => send(`${app.url}/sse`, { token })],
  ['/message', (token) => send(`${app.url}/message?sessionId=x`, { ...post, token })],
  ['/mcp', (token) => send(`${app.url}/mcp`, { ...post, token })],
  ['/mcp without a session', (token) => send(`${app.url}/mcp`, { ...stateless, token })],
  ['/mcp to listen', (token) => send(`${app.url}/mcp`, { headers: NO_SESSION, token })],
  [
    '/mcp to end a session',
    (token) => send(`${app.url}/mcp`, { method: 'DELETE', headers: NO_SESSION, token }),
  ],
  ['/auth/revoke', (token) => send(`${app.url}/auth/revoke`, { method: 'POST', token })],
];
const NO_SESSION = ['Mcp-Session-Id', 'no-such-session', 'Accept', 'text/event-stream'];
const post = { method: 'POST', headers: JSON_TYPE, body: INITIALIZE };
const stateless = {
  method: 'POST',
  headers: [...JSON_TYPE, 'Mcp-Protocol-Version', '2026-07-28', 'Mcp-Method', 'tools/list'],
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: ENVELOPE } }),
};

/** There is no session to offer: 404 says that the guard was passed. */
const PASSED: Readonly<Record<string, number>> = {
  '/message': 404,
  '/mcp to listen': 404,
  '/mcp to end a session': 404,
};

describe('side by side', () => {
  const MAKERS: readonly (readonly [string, () => string | Promise<string>])[] = [
    ['HS256 with JWT_SECRET', () => forge()],
    ['ES256 of a provider', () => provider.token({ resource: RESOURCE, kid: 'one' })],
    ['RS256 of a provider', () => provider.token({ resource: RESOURCE, kid: 'two' })],
    ['ES256 of another provider', () => other.token({ resource: PUBLIC_URL })],
    [
      'a role of a provider',
      () => provider.sign(providerClaims(provider.issuer, { scope: '', roles: ['staff'] })),
    ],
  ];

  it.each(MAKERS)('%s opens every route', async (_who, make) => {
    for (const [route, attempt] of ROUTES) {
      expect([route, (await attempt(await make())).status]).toEqual([route, PASSED[route] ?? 200]);
    }
  });

  it.each(MAKERS)('%s is good for real clients of both transports', async (_who, make) => {
    const token = await make();
    for (const connect of [connectSdk, connectSdkOverMcp]) {
      const client = await connect(app.url, token);
      const result = await client.callTool({ name: 'echo', arguments: { message: 'hello' } });
      expect(textOf(result)).toBe('Echo: hello');
    }
  });

  it.each(MAKERS)('%s is good in every era', async (_who, make) => {
    const token = await make();
    for (const era of ERAS) {
      const client = await era.connect(app.url, token);
      const { result } = await client.request('echo', 'tools/call', {
        name: 'echo',
        arguments: { message: 'hello' },
      });
      expect([era.name, textOf(result)]).toEqual([era.name, 'Echo: hello']);
      client.close();
    }
  });

  it('a principal of one issuer finds no session of the same name and client of another', async () => {
    const claims = { sub: 'alice', client_id: 'cli' };
    const mine = await provider.sign(providerClaims(provider.issuer, claims));
    const session = await RawSession.open(app.url, mine);
    const ping = { ...post, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }) };
    const statusFor = async (token: string) =>
      (await send(app.url + session.endpoint, { ...ping, token })).status;
    expect(await statusFor(await other.sign(providerClaims(other.issuer, claims)))).toBe(404);
    expect(await statusFor(tokenOf('alice', { client_id: 'cli' }))).toBe(404);
    expect(await statusFor(await provider.sign(providerClaims(provider.issuer, claims)))).toBe(202);
    session.close();
  });
});

/** The guard is one for all routes: that each has it is told below. */
describe('the guard', () => {
  const [route, attempt] = ROUTES[0]!;

  it.each(PROVIDER_FORGERIES)('refuses %s', async (_what, forgery) => {
    const token = await forgery(forger);
    const answer = await attempt(token);
    expectChallenge(answer, { route, error: 'invalid_token' });
    expectNothingOf(token, answer, CANARY);
  });

  it('refuses what it refused without external issuers', async () => {
    for (const [what, forgery] of FORGERIES) {
      expect([what, (await attempt(await forgery())).status]).toEqual([what, 401]);
    }
  });
});

describe.each(ROUTES)('%s', (route, attempt) => {
  it('refuses a token that another key has signed', async () => {
    const token = await PROVIDER_FORGERIES[0]![1](forger);
    expectChallenge(await attempt(token), { route, error: 'invalid_token' });
  });

  it('asks for a scope that is lacking', async () => {
    const token = await provider.token({ resource: RESOURCE, scope: 'mcp:admin' });
    if (route === '/auth/revoke') return;
    expectChallenge(await attempt(token), { route, status: 403, error: 'insufficient_scope' });
  });
});

describe('what is asked of a provider', () => {
  it('is nothing for a token of an issuer that is not trusted, nor for one that names its own key', async () => {
    const stranger = await IdentityProvider.start([await newKey('ES256', 'one')]);
    const mine = await stranger.token({ resource: RESOURCE });
    const before = [stranger.asked.length, provider.asked.length, other.asked.length];
    for (const [route, attempt] of ROUTES) {
      expectChallenge(await attempt(mine), { route, error: 'invalid_token' });
      for (const name of ['jku', 'x5u']) {
        const header = { [name]: `${stranger.issuer}/jwks` };
        const token = await provider.sign(providerClaims(provider.issuer), header);
        expectChallenge(await attempt(token), { route, error: 'invalid_token' });
      }
    }
    expect([stranger.asked.length, provider.asked.length, other.asked.length]).toEqual(before);
    await stranger.down();
  });

  it('was the metadata of one issuer, and the keys of each issuer once, for all these tokens', async () => {
    expect(provider.asked.filter((path) => path !== '/token')).toEqual([
      '/.well-known/openid-configuration',
      '/jwks',
    ]);
    expect(other.asked.filter((path) => path !== '/token')).toEqual(['/jwks']);
    expect(decodeJwt(await provider.token({ resource: RESOURCE })).iss).toBe(provider.issuer);
  });
});

it('the metadata names the issuers', async () => {
  for (const endpoint of ['', '/mcp', '/sse']) {
    const answer = await send(`${app.url}/.well-known/oauth-protected-resource${endpoint}`);
    expect(answer.json).toMatchObject({
      resource: PUBLIC_URL + endpoint,
      authorization_servers: [provider.issuer, other.issuer],
      scopes_supported: ['mcp:access'],
    });
  }
});
