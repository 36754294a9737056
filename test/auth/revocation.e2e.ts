import { decodeJwt } from 'jose';
import { DEVELOPMENT_ISSUER } from '../../src/config/index.js';
import { expectChallenge, expectProblem } from '../support/envelopes.js';
import { forge, now, tokenOf } from '../support/forge.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { type Answer, send } from '../support/wire.js';
import { WaitTool } from '../fixtures/hostile.tools.js';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

let app: TestApp;
let wait: WaitTool;
let serial = 0;
beforeAll(async () => {
  app = await startApp({}, [WaitTool]);
  wait = app.app.get(WaitTool);
});
afterAll(() => app.close());

const admin = (): string => tokenOf('root', { scope: 'mcp:admin' });
const stranger = (): string => `user-${(serial += 1)}`;

function revoke(token: string | undefined, body?: string, type = FORM): Promise<Answer> {
  const headers = body === undefined ? [] : ['Content-Type', type];
  return send(`${app.url}/auth/revoke`, { method: 'POST', token, headers, body });
}

const form = (name: string, value: string): string => new URLSearchParams({ [name]: value }).toString();
const json = (name: string, value: unknown): string => JSON.stringify({ [name]: value });

function expectDone(answer: Answer): void {
  expect([answer.status, answer.json]).toEqual([200, {}]);
  expect(answer.headers['cache-control']).toBe('no-store');
}

async function expectRevoked(token: string): Promise<void> {
  for (const [path, method] of [
    ['/sse', 'GET'],
    ['/message', 'POST'],
    ['/mcp', 'POST'],
    ['/mcp', 'GET'],
    ['/auth/revoke', 'POST'],
  ] as const) {
    const answer = await send(app.url + path, { method, token });
    expectChallenge(answer, { route: path, error: 'invalid_token' });
  }
}

async function statusOf(token: string): Promise<number> {
  return (await send(`${app.url}/sse`, { token })).status;
}

type Way = (token: string) => Promise<Answer>;
const claim = (token: string, name: 'jti' | 'sub'): string => decodeJwt(token)[name]!;
const WAYS: readonly (readonly [string, Way])[] = [
  ['its holder', (token) => revoke(token)],
  ['its holder, with an empty form', (token) => revoke(token, '')],
  ['its holder, with an empty object', (token) => revoke(token, '{}', JSON_TYPE)],
  ['an administrator, by token, form', (token) => revoke(admin(), form('token', token))],
  ['an administrator, by token, JSON', (token) => revoke(admin(), json('token', token), JSON_TYPE)],
  ['an administrator, by jti, form', (token) => revoke(admin(), form('jti', claim(token, 'jti')))],
  ['an administrator, by jti, JSON', (token) => revoke(admin(), json('jti', claim(token, 'jti')), JSON_TYPE)],
  ['an administrator, by sub, form', (token) => revoke(admin(), form('sub', claim(token, 'sub')))],
  ['an administrator, by sub, JSON', (token) => revoke(admin(), json('sub', claim(token, 'sub')), JSON_TYPE)],
];

describe.each(WAYS)('a token revoked by %s', (_who, way) => {
  it('is good for no further request, and its streams and calls end within 1 s', async () => {
    const token = tokenOf(stranger());
    const bystander = await RawSession.open(app.url, tokenOf(stranger()));
    const session = await RawSession.open(app.url, token);
    const begun = wait.calls.length;
    await session.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'wait' } });
    await session.until(() => wait.calls.length > begun);
    const call = wait.calls.at(-1)!;
    expectDone(await way(token));
    await until(() => session.response.closed);
    expect(call.aborted).toBe(true);
    expect(session.messages).toEqual([]);
    await expectRevoked(token);
    expect((await bystander.request(1, 'ping')).result).toEqual({});
    bystander.close();
  });
});

describe('how far it reaches', () => {
  it('one’s own token: that one, and no other of the same holder', async () => {
    const sub = stranger();
    const [one, other] = [tokenOf(sub), tokenOf(sub)];
    expectDone(await revoke(one));
    expect([await statusOf(one), await statusOf(other)]).toEqual([401, 200]);
  });

  it('a token without a jti: that one alone', async () => {
    const claims = { sub: stranger(), jti: undefined };
    const [one, other] = [forge({ claims: { ...claims, n: 1 } }), forge({ claims: { ...claims, n: 2 } })];
    expectDone(await revoke(one));
    expect([await statusOf(one), await statusOf(other)]).toEqual([401, 200]);
  });

  it('a subject: what it has, and not what it gets later', async () => {
    const sub = stranger();
    const old = [tokenOf(sub), tokenOf(sub, { client_id: 'cli' }), tokenOf(sub, { iat: now() - 60 })];
    expectDone(await revoke(admin(), form('sub', sub)));
    expect(await Promise.all(old.map(statusOf))).toEqual([401, 401, 401]);
    const later = { iss: DEVELOPMENT_ISSUER, iat: now() + 1 };
    expect(await statusOf(tokenOf(sub, later))).toBe(200);
    expect(await statusOf(tokenOf(`${sub}0`))).toBe(200);
  });

  it('on /sse, revoking the old token ends the stream that it opened, also after a request with a newer token', async () => {
    const sub = stranger();
    const [old, fresh] = [tokenOf(sub, { iat: now() - 60 }), tokenOf(sub)];
    const session = await RawSession.open(app.url, old);
    const headers = { Authorization: `Bearer ${fresh}` };
    expect((await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, headers)).status).toBe(202);
    expectDone(await revoke(old));
    await until(() => session.response.closed);
  });

  it('on /mcp, revoking the old token ends its stream and its call; requests with the newer token are served', async () => {
    const sub = stranger();
    const [old, fresh] = [tokenOf(sub, { iat: now() - 60 }), tokenOf(sub)];
    const endpoint = await McpEndpoint.open(app.url, old);
    const stream = await endpoint.get();
    const begun = wait.calls.length;
    const called = endpoint.request(1, 'tools/call', { name: 'wait' }).catch((error: unknown) => error);
    await until(() => wait.calls.length > begun);
    const newer = new McpEndpoint(app.url, fresh);
    newer.sessionId = endpoint.sessionId;
    expect((await newer.request(2, 'ping')).result).toEqual({});
    expectDone(await revoke(old));
    await stream.text();
    await until(() => wait.calls.at(-1)!.aborted);
    await called;
    expect((await newer.request(3, 'ping')).result).toEqual({});
    expectDone(await revoke(fresh));
    expect((await newer.get()).status).toBe(401);
  });
});

describe('what is not revoked', () => {
  it.each([
    ['a token that is none', form('token', 'garbage')],
    ['a token of another key', form('token', forge({ secret: 'x'.repeat(40) }))],
    ['a token that has expired', form('token', forge({ claims: { iat: 1, exp: 2 } }))],
    ['a jti of no token', form('jti', 'of-no-token')],
    ['a sub of no user', form('sub', 'of-no-user')],
  ])('%s: 200, as RFC 7009 says', async (_what, body) => expectDone(await revoke(admin(), body)));

  it.each([
    ['token', (token: string) => token],
    ['jti', (token: string) => claim(token, 'jti')],
    ['sub', (token: string) => claim(token, 'sub')],
  ])(
    'another user’s %s by a user who is no administrator: 403, and what to ask for',
    async (name, markOf) => {
      const victim = tokenOf(stranger());
      for (const own of [tokenOf(stranger()), victim]) {
        for (const [body, type] of [
          [form(name, markOf(victim)), FORM],
          [json(name, markOf(victim)), JSON_TYPE],
        ]) {
          const answer = await revoke(own, body, type);
          const refusal = { route: '/auth/revoke', status: 403, scope: 'mcp:admin' } as const;
          expectChallenge(answer, { ...refusal, error: 'insufficient_scope' });
        }
      }
      expect(await statusOf(victim)).toBe(200);
    },
  );

  it('anything by one who brings no token, also when the body has one', async () => {
    const victim = tokenOf(stranger());
    for (const body of [undefined, '', form('token', victim), form('sub', claim(victim, 'sub'))]) {
      expectChallenge(await revoke(undefined, body), { route: '/auth/revoke' });
    }
    expect(await statusOf(victim)).toBe(200);
  });

  it.each([
    [form('token', 'a') + form('&jti', 'b').replace('%26', '&'), FORM, 400],
    ['jti=a&sub=b', FORM, 400],
    ['jti=a&jti=b', FORM, 400],
    ['jti=', FORM, 400],
    [form('sub', 'x'.repeat(257)), FORM, 400],
    [json('jti', 5), JSON_TYPE, 400],
    [json('sub', null), JSON_TYPE, 400],
    [json('sub', ['alice']), JSON_TYPE, 400],
    [json('sub', { $ne: '' }), JSON_TYPE, 400],
    ['[]', JSON_TYPE, 400],
    // What names nothing that is known does not mean the caller's own.
    ['{"__proto__":{"sub":"alice"}}', JSON_TYPE, 400],
    ['{"constructor":{"sub":"alice"}}', JSON_TYPE, 400],
    ['{"subject":"alice"}', JSON_TYPE, 400],
    ['user=alice', FORM, 400],
    ['{"sub":"canary"', JSON_TYPE, 400],
    ['sub=alice', 'text/plain', 415],
    ['<sub>alice</sub>', 'application/xml', 415],
    ['sub=alice', `${FORM}; charset=utf-7`, 415],
  ])('what is asked for wrongly: %j as %s gets %i', async (body, type, status) => {
    const own = admin();
    const answer = await revoke(own, body, type);
    expectProblem(answer, status, 'invalid_request');
    expect(answer.text).not.toContain('canary');
    expectDone(await revoke(own));
  });
});
