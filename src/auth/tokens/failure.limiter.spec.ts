import { RateLimiter } from '../../backplane/index.js';
import { type AuthApp, type Reply, startAuthApp } from '../fixtures/auth-app.fixture.js';
import { forge } from '../fixtures/forge.fixture.js';

/** Does not refill while a test runs. */
const THREE = { count: 3, periodMs: 86_400_000 };

let auth: AuthApp;
let serial = 0;
beforeEach(async () => {
  auth = await startAuthApp({}, undefined, THREE);
});
afterEach(() => auth.close());

const fresh = () => forge({ claims: { jti: `j${(serial += 1)}` } });
const lacking = () => forge({ claims: { scope: 'other', jti: `j${(serial += 1)}` } });
const bad = () => forge({ secret: 'not the secret of this server: 001' });
const statusOf = async (token?: string, path = '/mcp') => (await auth.call(path, { token })).status;
const statuses = (...tokens: string[]) => Promise.all(tokens.map((token) => statusOf(token)));

function expectBlocked({ status, headers, json, text }: Reply): void {
  expect([status, json]).toEqual([
    429,
    { error: 'too_many_requests', error_description: expect.stringMatching(/try again later$/) },
  ]);
  const { 'retry-after': retryAfter, ratelimit } = headers;
  expect(Number(retryAfter)).toBeGreaterThan(0);
  expect(Number(retryAfter)).toBeLessThanOrEqual(86_400 / 3);
  expect(ratelimit).toBe(`"failed-authentications";r=0;t=${retryAfter}`);
  expect(headers['ratelimit-policy']).toBe('"failed-authentications";q=3;w=86400');
  expect(headers['cache-control']).toBe('no-store');
  expect(headers['www-authenticate']).toBeUndefined();
  expect(text).not.toContain('127.0.0.1');
}

describe('an address', () => {
  it('is blocked once as many tokens were refused as the limit says', async () => {
    for (let at = 0; at < 3; at += 1) expect(await statusOf(bad())).toBe(401);
    expectBlocked(await auth.call('/mcp', { token: bad() }));
    expect(auth.logged.at(-1)).toMatchObject({ event: 'auth.refused', code: 'too_many_failures' });
  });

  it('is blocked at the same number when all tokens arrive at once', async () => {
    const answers = await statuses(...Array.from({ length: 20 }, bad));
    expect(answers.filter((status) => status === 401)).toHaveLength(3);
    expect(answers.filter((status) => status === 429)).toHaveLength(17);
  });

  it('that is blocked may still use every valid token, on every route, also an unknown one', async () => {
    const known = fresh();
    expect(await statusOf(known)).toBe(200);
    await statuses(bad(), bad(), bad());
    expect(await statuses(known, fresh(), bad(), fresh())).toEqual([200, 200, 429, 200]);
    expect(await statuses(lacking())).toEqual([403]);
    for (const path of ['/sse', '/elsewhere', '/any']) expect(await statusOf(fresh(), path)).toBe(200);
    expect((await auth.call('/auth/revoke', { method: 'POST', token: known })).status).toBe(200);
    // A revoked token counts like any refused one.
    expect(await statusOf(known)).toBe(429);
  });

  it('is not charged for valid tokens, nor for tokens that lack a scope', async () => {
    for (let at = 0; at < 5; at += 1) expect(await statuses(fresh(), lacking())).toEqual([200, 403]);
    expect(await statuses(bad(), bad(), bad())).toEqual([401, 401, 401]);
  });

  it('is charged for no request without a token in the header, also while it is blocked', async () => {
    const basic = { headers: ['Authorization', 'Basic eDp5'] };
    for (let at = 0; at < 5; at += 1) {
      expect([await statusOf(), (await auth.call('/mcp', basic)).status]).toEqual([401, 401]);
      expect((await auth.call('/mcp?access_token=x')).status).toBe(401);
    }
    expect(await statuses(bad(), bad(), bad())).toEqual([401, 401, 401]);
    const reply = await auth.call('/mcp');
    expect(reply.status).toBe(401);
    expect(reply.headers['www-authenticate']).toContain('resource_metadata=');
    expect(await statusOf(undefined, '/open')).toBe(200);
  });

  it.each([
    ['an expired one', () => ({ token: forge({ claims: { iat: 1, exp: 2 } }) })],
    ['two headers', () => ({ headers: ['Authorization', `Bearer ${fresh()}`, 'Authorization', 'Bearer x'] })],
    ['a malformed header', () => ({ headers: ['Authorization', 'Bearer a b'] })],
    ['one that is too large', () => ({ token: 'a'.repeat(8_193) })],
  ])('is charged for %s', async (_what, make: () => { token?: string; headers?: string[] }) => {
    for (const expected of [401, 401, 401, 429]) {
      expect((await auth.call('/mcp', make())).status).toBe(expected);
    }
  });

  it('is blocked on every guarded route', async () => {
    await statuses(bad(), bad(), bad());
    const replies = [];
    for (const path of ['/sse', '/elsewhere', '/any', '/admin']) {
      replies.push(await auth.call(path, { token: bad() }));
    }
    for (const path of ['/message', '/auth/revoke']) {
      replies.push(await auth.call(path, { method: 'POST', token: bad() }));
    }
    expect(replies).toHaveLength(6);
    replies.forEach(expectBlocked);
  });
});

it('without a limit no address is blocked', async () => {
  const unlimited = await startAuthApp();
  for (let at = 0; at < 100; at += 1) {
    expect((await unlimited.call('/mcp', { token: 'garbage' })).status).toBe(401);
  }
  await unlimited.close();
});

it('where the limiter fails, no bad token is accepted', async () => {
  const take = jest.spyOn(auth.app.get<RateLimiter>(RateLimiter), 'take');
  take.mockRejectedValue(new Error('down'));
  expect(await statuses(fresh(), bad())).toEqual([200, 500]);
  take.mockRestore();
});
