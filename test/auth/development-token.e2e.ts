import { decodeJwt } from 'jose';
import { DevelopmentTokenService } from '../../src/auth/tokens/development-token.service.js';
import { DEVELOPMENT_ISSUER } from '../../src/config/index.js';
import { expectProblem, expectSameAnswer } from '../support/envelopes.js';
import { forge } from '../support/forge.js';
import { ServerProcess } from '../support/server-process.js';
import { PUBLIC_URL, startApp, takeToken, type TestApp } from '../support/test-app.js';
import { send } from '../support/wire.js';
import { PRODUCTION, PRODUCTION_HOST, PRODUCTION_SECRET, PRODUCTION_URL } from '../fixtures/production.js';

const GOOD = '/auth/token?username=alice&scope=mcp:access';
const BAD = '/auth/token?username=';
const NOWHERE = '/auth/nothing?username=alice&scope=mcp:access';

/** The route answers like a route that does not exist, with and without a valid query. */
async function expectAbsent(url: string, headers: readonly string[] = []): Promise<void> {
  const nowhere = await send(url + NOWHERE, { headers });
  expectProblem(nowhere, 404, 'not_found');
  for (const path of [GOOD, BAD, '/auth/token']) {
    expectSameAnswer(await send(url + path, { headers }), nowhere);
  }
  const head = (path: string) => send(url + path, { method: 'HEAD', headers });
  expectSameAnswer(await head(GOOD), await head(NOWHERE));
}

describe('in production', () => {
  let server: ServerProcess;
  let twin: TestApp;
  beforeAll(async () => {
    server = await ServerProcess.start(PRODUCTION);
    // Development with the same key, issuer and audience: only the environment differs.
    twin = await startApp({ PUBLIC_URL: PRODUCTION_URL, JWT_SECRET: PRODUCTION_SECRET });
  });
  afterAll(async () => {
    await twin.close();
    await server.stop();
  });

  const revoke = (token: string) =>
    send(`${server.url}/auth/revoke`, { method: 'POST', token, headers: PRODUCTION_HOST });

  it('the route does not exist', () => expectAbsent(server.url, PRODUCTION_HOST));

  it('nor is it named anywhere', async () => {
    const places = await send(`${server.url}/`, { headers: PRODUCTION_HOST });
    expect(places.status).toBe(200);
    expect(places.text).not.toContain('auth/token');
    const page = await send(`${server.url}/`, { headers: [...PRODUCTION_HOST, 'Accept', 'text/html'] });
    expect(page.text).not.toContain('auth/token');
  });

  it('a development token is refused, with the same key and audience', async () => {
    const token = await takeToken(twin.url, 'alice', 'mcp:access');
    expect(decodeJwt(token)).toMatchObject({ iss: DEVELOPMENT_ISSUER, aud: PRODUCTION_URL });
    expect((await send(`${twin.url}/sse`, { token })).status).toBe(200);
    expectProblem(await revoke(token), 401, 'invalid_token');
  });

  it('a token of the configured issuer is not', async () => {
    const claims = { iss: PRODUCTION_URL, aud: PRODUCTION_URL };
    expect((await revoke(forge({ claims, secret: PRODUCTION_SECRET }))).status).toBe(200);
  });
});

it('production does not start with its route, nor with its issuer', async () => {
  const settings = { AUTH_DEV_TOKENS: 'true', JWT_ISSUER: DEVELOPMENT_ISSUER };
  const server = await ServerProcess.spawn({ ...PRODUCTION, ...settings });
  expect(await server.exited).toBe(1);
  for (const name of Object.keys(settings)) expect(server.output).toContain(`  ${name} `);
  expect(server.output).not.toContain(PRODUCTION_SECRET);
});

describe.each<Record<string, string>>([
  { AUTH_DEV_TOKENS: 'false' },
  { HOST: '0.0.0.0' },
  { HOST: '::' },
  { HOST: '192.0.2.7' },
  { HOST: 'mcp.example.com' },
])('in development with %j', (setting) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp(setting);
  });
  afterAll(() => app.close());

  it('the route does not exist', () => expectAbsent(app.url));

  it('its tokens are refused, and others are not', async () => {
    const answer = await send(`${app.url}/sse`, { token: forge({ claims: { iss: DEVELOPMENT_ISSUER } }) });
    expectProblem(answer, 401, 'invalid_token');
    expect((await send(`${app.url}/sse`, { token: forge() })).status).toBe(200);
  });
});

describe('on the developer’s own machine', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ TRUSTED_PROXIES: '127.0.0.1' });
  });
  afterAll(() => app.close());

  it.each([
    ['Forwarded', 'for=127.0.0.1'],
    ['X-Forwarded-For', '127.0.0.1'],
    ['x-forwarded-for', ''],
    ['X-Forwarded-For', '::1, localhost'],
    ['X-Forwarded-Host', 'localhost'],
    ['X-Forwarded-Proto', 'http'],
    ['X-Forwarded-Port', '3001'],
    ['X-Forwarded', 'for=127.0.0.1'],
    ['X-Real-IP', '127.0.0.1'],
    ['X-Client-IP', '127.0.0.1'],
    ['True-Client-IP', '127.0.0.1'],
    ['CF-Connecting-IP', '127.0.0.1'],
    ['Via', '1.1 proxy'],
  ])('%s: %s hides the route, also from a trusted proxy', (name, value) =>
    expectAbsent(app.url, [name, value]),
  );

  it.each([
    ['10.0.0.5', '127.0.0.1'],
    ['::ffff:10.0.0.5', '127.0.0.1'],
    ['192.0.2.7', '192.0.2.1'],
    ['fe80::1', '::1'],
    [undefined, '127.0.0.1'],
    ['127.0.0.1', '10.0.0.5'],
    ['127.0.0.1', undefined],
  ])(
    'a socket from %s to %s is refused, also with the headers of a local request',
    async (remoteAddress, localAddress) => {
      const request = {
        socket: { remoteAddress, localAddress },
        headers: { host: 'localhost' },
        ip: '127.0.0.1',
      };
      const asked = { ...request, method: 'GET', originalUrl: GOOD, hostname: 'localhost' };
      const answer = app.app.get(DevelopmentTokenService).issueFor(asked as never);
      await expect(answer).rejects.toMatchObject({ status: 404 });
    },
  );

  it('the route gives a token for an hour that names its holder, audience and issuer', async () => {
    const { status, json, headers } = await send(`${app.url}/auth/token?username=alice`);
    const { token } = json as { token: string };
    expect(status).toBe(200);
    expect(json).toEqual({
      token,
      access_token: token,
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'mcp:access',
    });
    expect(headers['cache-control']).toBe('no-store');
    const claims = decodeJwt(token);
    expect(claims).toMatchObject({ sub: 'alice', aud: PUBLIC_URL, iss: DEVELOPMENT_ISSUER });
    expect(claims.jti).toMatch(/^[0-9a-f-]{36}$/);
    expect(claims.exp! - claims.iat!).toBe(3600);
  });

  it.each([
    '',
    'username=',
    'username',
    'username=a&username=b',
    'username[]=a',
    'username=a%0d%0ab',
    'username=a%00',
    'username=%07',
    `username=${'x'.repeat(257)}`,
    'username=a&scope=',
    'username=a&scope=mcp:access%20',
    'username=a&scope=a%20%20b',
    'username=a&scope=a%22b',
    'username=a&scope=a%5Cb',
    'username=a&scope=%C3%A9',
    'username=a&scope=a%0Ab',
    'username=a&scope=a&scope=b',
    `username=a&scope=${'s'.repeat(1_025)}`,
  ])('a query that it cannot take is refused, and not repeated: %.40s', async (query) => {
    const answer = await send(`${app.url}/auth/token?${query}&canary-query`);
    expectProblem(answer, 400, 'invalid_request');
    expect(answer.text).not.toContain('canary');
  });

  it('no other method gives one', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      expectProblem(await send(app.url + GOOD, { method }), 404, 'not_found');
    }
  });
});
