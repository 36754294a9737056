import { expectProblem } from '../support/envelopes.js';
import { tokenOf } from '../support/forge.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { type Answer, send } from '../support/wire.js';

const APP = 'https://app.example.com';

/** The origin that may read an answer is named, never all of them, and cookies play no part. */
function expectReadableBy(answer: Answer, origin: string): void {
  expect(answer.headers['access-control-allow-origin']).toBe(origin);
  expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  expect(answer.headers.vary).toMatch(/\bOrigin\b/i);
  expect(JSON.stringify(answer.headers)).not.toContain('"*"');
}

describe('in development', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  it.each(['http://localhost:5173', 'https://localhost', 'http://127.0.0.1:8080', 'http://[::1]:3001'])(
    'a page of %s may call, and read every answer',
    async (origin) => {
      const headers = ['Origin', origin];
      const token = tokenOf('alice');
      const answers = [
        [200, await send(`${app.url}/sse`, { token, headers })],
        [401, await send(`${app.url}/sse`, { headers })],
        [403, await send(`${app.url}/sse`, { token: tokenOf('alice', { scope: 'other' }), headers })],
        [400, await send(`${app.url}/message`, { method: 'POST', token, headers })],
        [
          406,
          await send(`${app.url}/mcp`, {
            method: 'POST',
            token,
            headers: [...headers, 'Accept', 'text/html'],
          }),
        ],
        [404, await send(`${app.url}/nothing`, { headers })],
      ] as const;
      for (const [status, answer] of answers) {
        expect(answer.status).toBe(status);
        expectReadableBy(answer, origin);
        const exposed = String(answer.headers['access-control-expose-headers']).split(',');
        expect(exposed).toEqual(
          expect.arrayContaining(['RateLimit', 'RateLimit-Policy', 'Retry-After', 'WWW-Authenticate']),
        );
      }
    },
  );

  it.each(['/sse', '/message', '/mcp', '/auth/revoke', '/auth/token'])(
    'preflight of %s needs no token',
    async (path) => {
      const wanted = [
        'Access-Control-Request-Method',
        'POST',
        'Access-Control-Request-Headers',
        'authorization',
      ];
      const headers = ['Origin', 'http://localhost:5173', ...wanted];
      const answer = await send(app.url + path, { method: 'OPTIONS', headers });
      expect([answer.status, answer.text]).toEqual([204, '']);
      expectReadableBy(answer, 'http://localhost:5173');
      expect(answer.headers['access-control-allow-headers']).toMatch(/\bAuthorization\b.*\bContent-Type\b/);
      expect(answer.headers['access-control-allow-methods']).toMatch(/^GET,\s?POST/);
    },
  );

  it('preflight of /mcp allows what each revision has its clients send', async () => {
    const needed =
      'authorization,content-type,last-event-id,mcp-method,mcp-name, mcp-param-region, mcp-param-tenant_id,' +
      'mcp-protocol-version,mcp-session-id';
    const wanted = ['Access-Control-Request-Method', 'POST', 'Access-Control-Request-Headers', needed];
    const headers = ['Origin', 'http://localhost:5173', ...wanted];
    const answer = await send(`${app.url}/mcp`, { method: 'OPTIONS', headers });
    const allowed = answer.headers['access-control-allow-headers']!.toLowerCase().split(',');
    expect(allowed.toSorted()).toEqual(needed.split(/, ?/));
    expect(answer.headers['access-control-allow-methods']).toBe('GET,POST,DELETE');
  });

  it('preflight allows what is on its list, not what is asked for', async () => {
    const wanted = [
      'Access-Control-Request-Method',
      'PUT',
      'Access-Control-Request-Headers',
      'x-evil,cookie,mcp-param-,x-mcp-param-evil,mcp-evil,mcp-param-evil cookie,mcp-param-evil\u00e9',
    ];
    const headers = ['Origin', 'http://localhost:5173', ...wanted];
    const answer = await send(`${app.url}/message`, { method: 'OPTIONS', headers });
    expect(answer.headers['access-control-allow-headers']).not.toMatch(/evil|cookie/i);
    expect(answer.headers['access-control-allow-methods']).not.toMatch(/PUT|\*/);
  });

  it('what caches may keep for others says that it depends on the Origin, whether there is one or not', async () => {
    const path = '/.well-known/oauth-protected-resource/mcp';
    for (const headers of [[], ['Origin', 'http://localhost:5173']]) {
      const answer = await send(app.url + path, { headers });
      expect([answer.headers['cache-control'], answer.headers.vary]).toEqual([
        'public, max-age=300',
        'Origin',
      ]);
    }
  });

  it('without an Origin no CORS header is sent', async () => {
    const { headers } = await send(`${app.url}/`);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('in production', () => {
  const HOST = ['Host', 'mcp.example.com'];
  const PRODUCTION = {
    NODE_ENV: 'production',
    PORT: '3001',
    PUBLIC_URL: 'https://mcp.example.com',
    JWT_SECRET: 'k7Qm2xV9sLr4TnBw8YzEa1Hd6FpJc3Ug',
  };
  let closed: TestApp;
  let listed: TestApp;
  beforeAll(async () => {
    closed = await startApp(PRODUCTION);
    listed = await startApp({
      ...PRODUCTION,
      ALLOWED_ORIGINS: APP,
      ALLOWED_HOSTS: 'mcp.example.com,[::1]:3001',
    });
  });
  afterAll(async () => {
    await closed.close();
    await listed.close();
  });

  it.each([APP, 'null', 'https://mcp.example.com', 'http://localhost', 'http://127.0.0.1:3001'])(
    'an empty list means no origin: %s',
    async (origin) => {
      expectProblem(await send(closed.url, { headers: [...HOST, 'Origin', origin] }), 403, 'invalid_origin');
    },
  );

  it('an origin on the list is let in', async () => {
    const answer = await send(listed.url, { headers: [...HOST, 'Origin', APP] });
    expect(answer.status).toBe(200);
    expectReadableBy(answer, APP);
  });

  it.each([
    'http://app.example.com',
    'https://app.example.com:443',
    'https://app.example.com:8443',
    'https://app.example.com.evil.com',
    'https://app.example.com/',
    'https://app.example.co',
    'https://evil.app.example.com',
    'https://app.example.com@evil.com',
    'https://appxexample.com',
    'HTTPS://APP.EXAMPLE.COM',
    'http://localhost',
    'null',
  ])('but no other: %s', async (origin) => {
    expectProblem(await send(listed.url, { headers: [...HOST, 'Origin', origin] }), 403, 'invalid_origin');
  });

  it.each([
    'localhost',
    '127.0.0.1',
    'mcp.example.com:3001',
    'mcp.example.com:443',
    'mcp.example.com.evil.com',
    'evil.mcp.example.com',
    'mcp.example.com.',
    '[::1]',
    '[::1]:3002',
  ])('Host %s is refused', async (host) => {
    expectProblem(await send(listed.url, { headers: ['Host', host] }), 403, 'invalid_host');
  });

  it.each(['mcp.example.com', 'MCP.Example.COM', '[::1]:3001'])('Host %s is let in', async (host) => {
    expect((await send(listed.url, { headers: ['Host', host] })).status).toBe(200);
  });
});
