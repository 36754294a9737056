import { expectChallenge, expectNoInsides, expectProblem } from '../support/envelopes.js';
import { tokenOf } from '../support/forge.js';
import { PUBLIC_URL, startApp, type TestApp } from '../support/test-app.js';
import { type Answer, send, sendBytes } from '../support/wire.js';

const EVIL = 'evil.example.com';
const PATHS = [
  '/',
  '/sse',
  '/mcp',
  '/auth/token?username=alice',
  '/.well-known/oauth-protected-resource',
  '/nothing',
];

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const get = (path: string, ...headers: string[]) => send(app.url + path, { headers });

describe('a Host that is not this server’s', () => {
  const hosts = [
    EVIL,
    'localhost.evil.com',
    'evil.com.localhost',
    '127.0.0.1.nip.io',
    'localhost@evil.com',
    'evil.com@localhost',
    'localhost:80@evil.com',
    'evil.com#localhost',
    'evil.com?localhost',
    'evil.com/localhost',
    'localhost/',
    'localhost:evil.com',
    'localhost:80:80',
    'localhost:123456',
    'localhost:-1',
    'localhost, evil.com',
    'localhost evil.com',
    'localhost.',
    '.localhost',
    '*',
    '0.0.0.0',
    '[::]',
    '[::1',
    '::1',
    '[::1]evil.com',
    '[::ffff:8.8.8.8]',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    'ｌocalhost',
    '',
  ];
  it.each(hosts)('%j is refused before anything else', async (host) => {
    for (const path of PATHS) {
      const answer = await get(path, 'Host', Buffer.from(host).toString('latin1'));
      expectProblem(answer, 403, 'invalid_host');
      if (host !== '*' && host.length > 4) expect(answer.text).not.toContain(host);
    }
    for (const route of ['/message', '/mcp']) {
      const posted = await send(app.url + route, { method: 'POST', headers: ['Host', EVIL], body: '{' });
      expectProblem(posted, 403, 'invalid_host');
    }
  });

  it('may be missing only where HTTP says so, and is refused there', async () => {
    const old = await sendBytes(app.url, 'GET / HTTP/1.0\r\n\r\n');
    expect([old.statuses, old.json]).toMatchObject([[403], { error: 'invalid_host' }]);
    const current = await sendBytes(app.url, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect(current.statuses).toEqual([400]);
  });

  it.each([
    ['the good one first', ['localhost', EVIL]],
    ['the good one last', [EVIL, 'localhost']],
    ['both good', ['localhost', '127.0.0.1']],
  ])('is refused beside another Host, %s (RFC 9112 §3.2)', async (_order, [one, other]) => {
    const head = `GET / HTTP/1.1\r\nHost: ${one}\r\nHost: ${other}\r\nConnection: close\r\n\r\n`;
    const { statuses } = await sendBytes(app.url, head);
    expect(statuses).toHaveLength(1);
    expect([400, 403]).toContain(statuses[0]);
  });

  it.each([`http://${EVIL}/sse`, `http://localhost@${EVIL}/sse`, `https://${EVIL}/`, `http://${EVIL}:3001/`])(
    'is refused in the request target %s, also beside a valid Host header (RFC 9112 §3.2.2)',
    async (target) => {
      const answer = await sendBytes(
        app.url,
        `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      );
      expect(answer.statuses).toHaveLength(1);
      expect([400, 403]).toContain(answer.statuses[0]);
      expect(answer.text).not.toContain(EVIL);
    },
  );

  it('reaches no document, nor does X-Forwarded-Host', async () => {
    for (const header of ['X-Forwarded-Host', 'X-Forwarded-Server', 'X-Original-Host', 'Forwarded']) {
      const value = header === 'Forwarded' ? `host=${EVIL};proto=https` : EVIL;
      const answer = await get('/.well-known/oauth-protected-resource/sse', header, value);
      expect(answer.json).toMatchObject({ resource: `${PUBLIC_URL}/sse` });
      expectChallenge(await get('/sse', header, value), { route: '/sse' });
      expect((await get('/', header, value)).text).not.toContain(EVIL);
    }
  });
});

it.each(['localhost', 'LOCALHOST:1', '127.0.0.1', '127.8.8.8:65535', '[::1]', '[::1]:3001'])(
  'Host %s is this server’s',
  async (host) => {
    const answer = await get('/.well-known/oauth-protected-resource', 'Host', host);
    expect([answer.status, answer.json]).toMatchObject([200, { resource: PUBLIC_URL }]);
  },
);

describe('/health', () => {
  it.each(['/health/live', '/health/ready'])('%s answers a request for any Host', async (path) => {
    for (const host of [EVIL, '10.0.0.7:9464', '']) {
      expect((await get(path, 'Host', host)).json).toEqual({ status: 'ok' });
    }
    expect((await sendBytes(app.url, `GET ${path} HTTP/1.0\r\n\r\n`)).json).toEqual({ status: 'ok' });
  });

  it.each([
    '/health/../sse',
    '/health/%2e%2e/sse',
    '/health//sse',
    '/health/live/../../auth/token?username=a',
  ])('is no way around the check: %s', async (path) => {
    const head = `GET ${path} HTTP/1.1\r\nHost: ${EVIL}\r\nConnection: close\r\n\r\n`;
    const answer = await sendBytes(app.url, head);
    expect([answer.statuses, answer.json]).toMatchObject([[404], { error: 'not_found' }]);
  });

  it.each(['/?/health/', '/sse?next=/health/live', '//health/live', '/Health/live', '/mcp/health/live'])(
    'is where an address begins, and nowhere else in it: %s',
    async (path) => {
      const { json } = await sendBytes(
        app.url,
        `GET ${path} HTTP/1.1\r\nHost: ${EVIL}\r\nConnection: close\r\n\r\n`,
      );
      expect(json).toMatchObject({ error: 'invalid_host' });
    },
  );

  it('gives a page of another origin nothing to read', async () => {
    for (const method of ['GET', 'OPTIONS']) {
      const headers = ['Origin', `https://${EVIL}`, 'Access-Control-Request-Method', 'GET'];
      const answer = await send(`${app.url}/health/ready`, { method, headers });
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});

function expectRefused(answer: Answer): void {
  expectProblem(answer, 403, 'invalid_origin');
  expectNoInsides(answer);
  expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
}

describe('an Origin that is not on the list', () => {
  const origins = [
    'null',
    `https://${EVIL}`,
    'http://localhost.evil.com',
    'http://localhost.evil.com:3001',
    'http://127.0.0.1.nip.io',
    'http://localhost@evil.com',
    'http://evil.com#localhost',
    'http://evil.com?localhost',
    'http://evil.com/localhost',
    'http://localhost/',
    'http://localhost:80:80',
    'http://localhost,http://evil.com',
    'http://localhost http://evil.com',
    'ftp://localhost',
    'file://',
    'file://localhost',
    'ws://localhost',
    'javascript://localhost',
    'chrome-extension://localhost',
    'data:localhost',
    'localhost',
    '//localhost',
    'http:localhost',
    'http:///localhost',
    'xhttp://localhost',
    'http://0.0.0.0',
    'http://*',
    '*',
    '',
  ];
  it.each(origins)('%j is refused, also by preflight, and gets no CORS header', async (origin) => {
    for (const path of PATHS) expectRefused(await get(path, 'Origin', origin));
    const asking = ['Origin', origin, 'Access-Control-Request-Method', 'POST'];
    const token = tokenOf('alice');
    for (const route of ['/message', '/mcp']) {
      expectRefused(await send(app.url + route, { method: 'OPTIONS', headers: asking }));
      expectRefused(
        await send(app.url + route, { method: 'POST', token, headers: ['Origin', origin], body: '{' }),
      );
    }
    expectRefused(await send(`${app.url}/sse`, { token, headers: ['Origin', origin] }));
  });

  it('is refused beside one that is', async () => {
    expectRefused(await get('/', 'Origin', 'http://localhost', 'Origin', `https://${EVIL}`));
  });
});
