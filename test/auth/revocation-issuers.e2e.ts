import { decodeJwt } from 'jose';
import { expectChallenge, expectProblem } from '../support/envelopes.js';
import { tokenOf } from '../support/forge.js';
import { IdentityProvider, newKey } from '../support/identity-provider.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { PUBLIC_URL, startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { type Answer, send } from '../support/wire.js';
import { providerClaims } from '../fixtures/provider-forgeries.js';

const FORM = ['Content-Type', 'application/x-www-form-urlencoded'];

let app: TestApp;
let one: IdentityProvider;
let other: IdentityProvider;
let serial = 0;

beforeAll(async () => {
  one = await IdentityProvider.start([await newKey('ES256', 'k')]);
  other = await IdentityProvider.start([await newKey('ES256', 'k')]);
  const AUTH_ISSUERS = JSON.stringify([{ issuer: one.issuer }, { issuer: other.issuer, administers: 'all' }]);
  app = await startApp({ AUTH_ISSUERS });
});

afterAll(async () => {
  await app.close();
  await Promise.all([one.down(), other.down()]);
});

const stranger = (): string => `user-${(serial += 1)}`;
const admin = (): string => tokenOf('root', { scope: 'mcp:admin' });

function revoke(fields: Record<string, string>, token = admin(), url = app.url): Promise<Answer> {
  const body = new URLSearchParams(fields).toString();
  return send(`${url}/auth/revoke`, { method: 'POST', token, headers: FORM, body });
}

const statusOf = async (token: string, url = app.url): Promise<number> =>
  (await send(`${url}/sse`, { token })).status;

/** The same subject and jti, of each issuer: HS256, one, other. */
async function namesakes(): Promise<{ sub: string; jti: string; tokens: [string, string, string] }> {
  const names = { sub: stranger(), jti: stranger() };
  const of = (provider: IdentityProvider): Promise<string> =>
    provider.sign(providerClaims(provider.issuer, names));
  return { ...names, tokens: [tokenOf(names.sub, { jti: names.jti }), await of(one), await of(other)] };
}

describe.each(['sub', 'jti'] as const)('by %s', (kind) => {
  it.each([
    ['no issuer: that of HS256 tokens', () => ({}), [401, 200, 200]],
    ['that of HS256 tokens', () => ({ iss: PUBLIC_URL }), [401, 200, 200]],
    ['one provider', () => ({ iss: one.issuer }), [200, 401, 200]],
    ['another', () => ({ iss: other.issuer }), [200, 200, 401]],
  ])('of %s', async (_whose, issuer, statuses) => {
    const { tokens, ...names } = await namesakes();
    const answer = await revoke({ [kind]: names[kind], ...issuer() });
    expect([answer.status, answer.json]).toEqual([200, {}]);
    expect(await Promise.all(tokens.map((token) => statusOf(token)))).toEqual(statuses);
  });

  it('closes the streams of that issuer’s, and leaves its namesakes’ open', async () => {
    const { tokens, ...names } = await namesakes();
    const sessions = await Promise.all(tokens.map((token) => RawSession.open(app.url, token)));
    const endpoint = await McpEndpoint.open(app.url, tokens[1]);
    const stream = await endpoint.get();
    await revoke({ [kind]: names[kind], iss: one.issuer });
    await until(() => sessions[1]!.response.closed);
    await stream.text().catch(() => '');
    for (const namesake of [sessions[0]!, sessions[2]!]) {
      expect((await namesake.request(1, 'ping')).result).toEqual({});
      namesake.close();
    }
  });

  it.each(['https://unknown.example.com', 'http://127.0.0.1', '*'])(
    'of %s, which is not trusted: 400, since it would reach no token',
    async (iss) => {
      const { tokens, ...names } = await namesakes();
      expectProblem(await revoke({ [kind]: names[kind], iss }), 400, 'invalid_request');
      expect(await Promise.all(tokens.map((token) => statusOf(token)))).toEqual([200, 200, 200]);
    },
  );

  it('needs mcp:admin, whichever issuer is named', async () => {
    const { tokens, ...names } = await namesakes();
    for (const iss of [one.issuer, PUBLIC_URL, 'https://unknown.example.com']) {
      const answer = await revoke({ [kind]: names[kind], iss }, tokens[1]);
      const refusal = { route: '/auth/revoke', status: 403, scope: 'mcp:admin' } as const;
      expectChallenge(answer, { ...refusal, error: 'insufficient_scope' });
    }
  });
});

const take = (): Promise<string> => one.token({ resource: PUBLIC_URL });

it('a provider’s token is revoked by its holder, and by an administrator who has it', async () => {
  const [own, seen, untouched] = [await take(), await take(), await take()];
  expect((await send(`${app.url}/auth/revoke`, { method: 'POST', token: own })).status).toBe(200);
  expect((await revoke({ token: seen })).status).toBe(200);
  expect(await Promise.all([own, seen, untouched].map((token) => statusOf(token)))).toEqual([401, 401, 200]);
});

const adminOf = (provider: IdentityProvider): Promise<string> =>
  provider.token({ resource: PUBLIC_URL, scope: 'mcp:admin' });

describe('an administrator of a provider', () => {
  it('revokes its own users, who are meant where no issuer is named', async () => {
    const [{ tokens, sub }, another] = [await namesakes(), await namesakes()];
    expect((await revoke({ sub }, await adminOf(one))).status).toBe(200);
    expect((await revoke({ jti: another.jti, iss: one.issuer }, await adminOf(one))).status).toBe(200);
    expect((await revoke({ token: (await namesakes()).tokens[1] }, await adminOf(one))).status).toBe(200);
    expect(await Promise.all(tokens.map((token) => statusOf(token)))).toEqual([200, 401, 200]);
    expect(await Promise.all(another.tokens.map((token) => statusOf(token)))).toEqual([200, 401, 200]);
  });

  it('revokes no other issuer’s: 403, and no scope to ask for', async () => {
    const { tokens, sub, jti } = await namesakes();
    const theirs = await adminOf(one);
    for (const fields of [
      { sub, iss: PUBLIC_URL },
      { sub, iss: other.issuer },
      { jti, iss: other.issuer },
      { sub, iss: 'https://unknown.example.com' },
      { token: tokens[0] },
      { token: tokens[2] },
    ]) {
      const answer = await revoke(JSON.parse(JSON.stringify(fields)) as Record<string, string>, theirs);
      expectProblem(answer, 403, 'access_denied');
      expect(answer.headers['www-authenticate']).toBeUndefined();
    }
    expect(await Promise.all(tokens.map((token) => statusOf(token)))).toEqual([200, 200, 200]);
  });

  it('revokes them where its entry says so', async () => {
    const { tokens, sub, jti } = await namesakes();
    const theirs = await adminOf(other);
    expect((await revoke({ sub, iss: one.issuer }, theirs)).status).toBe(200);
    // As ever: HS256 tokens are meant.
    expect((await revoke({ jti }, theirs)).status).toBe(200);
    expect(await Promise.all(tokens.map((token) => statusOf(token)))).toEqual([401, 401, 200]);
  });
});

it.each<Record<string, string>>([
  { iss: PUBLIC_URL },
  { iss: PUBLIC_URL, token: 'x' },
  { iss: '', sub: 'alice' },
  { iss: 'x'.repeat(1025), sub: 'alice' },
])('an issuer is named along with a sub or a jti: %j gets 400', async (fields) => {
  const own = admin();
  expectProblem(await revoke(fields, own), 400, 'invalid_request');
  // It has not revoked itself either.
  expect((await revoke({ sub: stranger() }, own)).status).toBe(200);
});

describe('without JWT_SECRET', () => {
  const production = { NODE_ENV: 'production', JWT_SECRET: '', PUBLIC_URL };
  const start = (...providers: IdentityProvider[]): Promise<TestApp> =>
    startApp({
      ...production,
      PORT: '3001',
      ALLOWED_HOSTS: 'localhost:3001',
      AUTH_ISSUERS: JSON.stringify(providers.map(({ issuer }) => ({ issuer, administers: 'all' }))),
    });
  const HOST = ['Host', 'localhost:3001'];
  const through = (url: string, token: string, body?: string): Promise<Answer> =>
    send(url + (body === undefined ? '/sse' : '/auth/revoke'), {
      method: body === undefined ? 'GET' : 'POST',
      token,
      headers: body === undefined ? HOST : [...HOST, ...FORM],
      body,
    });

  it('no HS256 token is accepted, and the only issuer is meant', async () => {
    const alone = await start(one);
    const { tokens, sub } = await namesakes();
    expect((await through(alone.url, tokens[0])).status).toBe(401);
    expect((await through(alone.url, tokens[2])).status).toBe(401);
    expect((await through(alone.url, tokens[1])).status).toBe(200);
    const theirs = await one.token({ resource: PUBLIC_URL, scope: 'mcp:admin' });
    expect((await through(alone.url, theirs, `sub=${sub}`)).status).toBe(200);
    expect((await through(alone.url, tokens[1])).status).toBe(401);
    await alone.close();
  });

  it('one of several must be named', async () => {
    const both = await start(one, other);
    const theirs = await one.token({ resource: PUBLIC_URL, scope: 'mcp:admin' });
    const { tokens, jti } = await namesakes();
    expectProblem(await through(both.url, theirs, `jti=${jti}`), 400, 'invalid_request');
    const named = new URLSearchParams({ jti: decodeJwt(tokens[2]).jti!, iss: other.issuer });
    expect((await through(both.url, theirs, named.toString())).status).toBe(200);
    expect((await through(both.url, tokens[1])).status).toBe(200);
    expect((await through(both.url, tokens[2])).status).toBe(401);
    await both.close();
  });
});
