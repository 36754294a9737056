import type { JWK } from 'jose';
import { expectChallenge, expectProblem } from '../support/envelopes.js';
import { tokenOf } from '../support/forge.js';
import { IdentityProvider, newKey } from '../support/identity-provider.js';
import { RawSession } from '../support/raw-session.js';
import { PUBLIC_URL, startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { type Answer, send } from '../support/wire.js';
import { providerClaims } from '../fixtures/provider-forgeries.js';

const RESOURCE = `${PUBLIC_URL}/mcp`;
const MINUTE = 60_000;

let one: JWK;
let two: JWK;
let provider: IdentityProvider;
let app: TestApp;

beforeAll(async () => {
  [one, two] = await Promise.all([newKey('ES256', 'one'), newKey('RS256', 'two')]);
});

beforeEach(async () => {
  provider = await IdentityProvider.start([one, two]);
  app = await startApp({ AUTH_ISSUERS: JSON.stringify([{ issuer: provider.issuer }]) });
});

afterEach(async () => {
  jest.useRealTimers();
  await app.close();
  await provider.down();
});

/** Only the clock is stopped, and tests set it; timers still run. */
function passMinutes(minutes: number): void {
  const now = Date.now() + minutes * MINUTE;
  const doNotFake = ['nextTick', 'performance', 'queueMicrotask', 'hrtime'] as const;
  const timers = ['setImmediate', 'clearImmediate', 'setInterval', 'clearInterval'] as const;
  const more = ['setTimeout', 'clearTimeout', 'requestAnimationFrame', 'cancelAnimationFrame'] as const;
  const idle = ['requestIdleCallback', 'cancelIdleCallback'] as const;
  jest.useFakeTimers({ now, doNotFake: [...doNotFake, ...timers, ...more, ...idle] });
}

const ask = (token: string): Promise<Answer> => send(`${app.url}/sse`, { token });
const statusOf = async (token: string): Promise<number> => (await ask(token)).status;
const take = (kid: string): Promise<string> => provider.token({ resource: RESOURCE, kid });

describe('a key that the provider changes', () => {
  it('is taken up with its first token, and the withdrawn one is refused with it', async () => {
    const [shown, unshown] = [await take('one'), await take('one')];
    expect(await statusOf(shown)).toBe(200);
    const three = await newKey('ES256', 'three');
    provider.publish([three, two]);
    passMinutes(1);
    expect(await statusOf(await take('three'))).toBe(200);
    expectChallenge(await ask(unshown), { route: '/sse', error: 'invalid_token' });
    expect(await statusOf(await take('two'))).toBe(200);
    // One that had been verified is not verified anew for some minutes, and then it is.
    passMinutes(6);
    await until(async () => (await statusOf(shown)) === 401);
  });

  it('is found without its name being asked for, when the keys are old', async () => {
    expect(await statusOf(await take('one'))).toBe(200);
    const withdrawn = await take('one');
    provider.publish([two]);
    passMinutes(11);
    expect(await statusOf(withdrawn)).toBe(401);
    expect(provider.keyFetches).toBe(2);
  });
});

describe('a kid that is not there', () => {
  it('has the keys fetched again once in a while, however many tokens name one', async () => {
    expect(await statusOf(await take('one'))).toBe(200);
    const unknown = (n: number): Promise<string> =>
      provider.sign(providerClaims(provider.issuer), { kid: `unknown-${n}` });
    const flood = async (): Promise<void> => {
      for (let n = 0; n < 20; n += 1) expect(await statusOf(await unknown(n))).toBe(401);
      await Promise.all(Array.from({ length: 20 }, async (_, n) => ask(await unknown(n))));
    };
    await flood();
    expect(provider.keyFetches).toBe(1);
    passMinutes(1);
    await flood();
    expect(provider.keyFetches).toBe(2);
    expect(await statusOf(await take('two'))).toBe(200);
  });

  it('has them fetched no more often while the provider is down', async () => {
    expect(await statusOf(await take('one'))).toBe(200);
    passMinutes(1);
    const [unknown, good] = [
      await provider.sign(providerClaims(provider.issuer), { kid: 'unknown' }),
      await take('one'),
    ];
    provider.fail(500);
    for (let n = 0; n < 10; n += 1) expect(await statusOf(unknown)).toBe(401);
    expect(await statusOf(good)).toBe(200);
    expect(provider.keyFetches).toBe(2);
  });
});

describe('a provider that is down', () => {
  it('at first use: 503 and when to come again, and nothing else is the worse for it', async () => {
    const token = await take('one');
    await provider.down();
    const answer = await send(`${app.url}/auth/revoke`, { method: 'POST', token });
    expectProblem(answer, 503, 'temporarily_unavailable');
    expect(answer.headers['retry-after']).toBe('5');
    expect(answer.headers['www-authenticate']).toBeUndefined();
    for (const [path, method] of [
      ['/sse', 'GET'],
      ['/message', 'POST'],
      ['/mcp', 'POST'],
    ] as const) {
      const { status, headers, text } = await send(app.url + path, { method, token });
      expect([path, status, headers['retry-after']]).toEqual([path, 503, '5']);
      expect(text).not.toMatch(/127\.0\.0\.1|ECONNREFUSED|fetch/);
    }
    const session = await RawSession.open(app.url, tokenOf('alice'));
    expect((await session.request(1, 'ping')).result).toEqual({});
    session.close();
    await provider.up();
    await until(async () => (await statusOf(token)) === 200);
  });

  it('or up: many that come together at first use wait for one answer', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => take('one')));
    expect(new Set(await Promise.all(tokens.map(statusOf)))).toEqual(new Set([200]));
    expect(provider.keyFetches).toBe(1);
  });

  it('at first use is asked once by many that come together', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => take('one')));
    provider.fail(503);
    const before = provider.asked.length;
    const statuses = await Promise.all(tokens.map(statusOf));
    expect(new Set(statuses)).toEqual(new Set([503]));
    // Both places where its metadata may be.
    expect(provider.asked.slice(before)).toEqual([
      '/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server',
    ]);
  });

  it('later: its keys are used for an hour, and then refused', async () => {
    const [first, second, third] = [await take('one'), await take('two'), await take('one')];
    expect(await statusOf(first)).toBe(200);
    await provider.down();
    passMinutes(50);
    expect(await statusOf(second)).toBe(200);
    passMinutes(15);
    expect(await statusOf(third)).toBe(503);
    await provider.up();
    passMinutes(1);
    expect(await statusOf(third)).toBe(200);
  });

  it('cannot have its tokens revoked by hand either, and says so', async () => {
    const token = await take('one');
    await provider.down();
    const body = new URLSearchParams({ token }).toString();
    const headers = ['Content-Type', 'application/x-www-form-urlencoded'];
    const admin = tokenOf('root', { scope: 'mcp:admin' });
    const sending = { method: 'POST', token: admin, headers, body };
    const answer = await send(`${app.url}/auth/revoke`, sending);
    expectProblem(answer, 503, 'temporarily_unavailable');
    expect(answer.headers['retry-after']).toBe('5');
  });
});
