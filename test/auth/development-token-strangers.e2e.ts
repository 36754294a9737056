import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expectProblem } from '../support/envelopes.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { send, sendBytes } from '../support/wire.js';

const GOOD = '/auth/token?username=alice&scope=mcp:access';

/** A proxy that passes bytes on unchanged and runs as another system user. */
async function plainProxyTo(url: string): Promise<{ url: string; stop: () => void }> {
  const script = `
    const net = require('node:net');
    process.setgid(65534);
    process.setuid(65534);
    net
      .createServer((socket) => socket.pipe(net.connect(${new URL(url).port}, '127.0.0.1')).pipe(socket))
      .listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return { url: `http://127.0.0.1:${Number(port)}`, stop: () => void child.kill() };
}

async function scopesGiven(env: Record<string, string>, scope: string): Promise<unknown> {
  const app = await startApp(env);
  const { status, json } = await send(`${app.url}/auth/token?username=a&scope=${encodeURIComponent(scope)}`);
  await app.close();
  return status === 200 ? (json as { scope: string }).scope : [status, (json as { error: string }).error];
}

it.each([
  ['mcp:access', 'mcp:access', 'mcp:access'],
  ['mcp:access', 'mcp:admin', [400, 'invalid_scope']],
  ['mcp:access,orders:read', 'mcp:access orders:read', 'mcp:access orders:read'],
  ['mcp:access,orders:read', 'mcp:access mcp:admin', [400, 'invalid_scope']],
  ['*', 'mcp:admin x', 'mcp:admin x'],
  // Unset.
  ['', 'mcp:admin', [400, 'invalid_scope']],
])('with AUTH_DEV_SCOPES=%s: %s gets %j', async (AUTH_DEV_SCOPES, scope, expected) => {
  expect(await scopesGiven({ AUTH_DEV_SCOPES }, scope)).toEqual(expected);
});

describe('the development token route', () => {
  let app: TestApp;
  let headers: string[];
  beforeAll(async () => {
    app = await startApp({ PUBLIC_URL: 'https://tunnel.example.com' });
    headers = ['Host', new URL(app.url).host];
  });
  afterAll(() => app.close());

  it.each([
    ['Host', 'tunnel.example.com'],
    ['Host', 'localhost'],
    ['Host', '127.0.0.1:1'],
    ['Origin', 'http://localhost:5173'],
    ['Origin', 'https://tunnel.example.com'],
    ['Sec-Fetch-Site', 'cross-site'],
    ['Sec-Fetch-Site', 'same-site'],
    ['Tailscale-User-Login', 'mallory@example.com'],
    ['X-Original-Host', 'localhost'],
  ])('is hidden from %s: %s, which the developer’s own programs do not send', async (name, value) => {
    expectProblem(await send(app.url + GOOD, { headers: [name, value] }), 404, 'not_found');
  });

  it.each(['none', 'same-origin'])('is there for Sec-Fetch-Site: %s', async (site) => {
    expect((await send(app.url + GOOD, { headers: ['Sec-Fetch-Site', site] })).status).toBe(200);
  });

  it('is hidden from HTTP/1.0, which nginx speaks under the name of this server', async () => {
    const head = `Host: ${new URL(app.url).host}\r\nConnection: close\r\n\r\n`;
    expect((await sendBytes(app.url, `GET ${GOOD} HTTP/1.0\r\n${head}`)).statuses).toEqual([404]);
    expect((await sendBytes(app.url, `GET ${GOOD} HTTP/1.1\r\n${head}`)).statuses).toEqual([200]);
  });

  it('is hidden from a proxy that another user runs', async () => {
    // Only the superuser can start a program as another user, and only Linux tells who is at the other end.
    const canTell = process.platform === 'linux' && process.getuid?.() === 0;
    const proxy = canTell ? await plainProxyTo(app.url) : undefined;
    const statuses = [(await send(app.url + GOOD, { headers })).status];
    if (proxy !== undefined) statuses.push((await send(proxy.url + GOOD, { headers })).status);
    expect(statuses).toEqual(canTell ? [200, 404] : [200]);
    proxy?.stop();
  });

  it('is told where it is on this machine, not behind the tunnel, whose host is this server’s', async () => {
    for (const host of ['tunnel.example.com', 'tunnel.example.com:443', 'TUNNEL.example.com', 'localhost']) {
      const { status, json } = await send(app.url, { headers: ['Host', host] });
      expect(status).toBe(200);
      expect(json).toMatchObject({
        mcp: 'https://tunnel.example.com/mcp',
        token: expect.stringMatching(/^http:\/\/localhost:\d+\/auth\/token/),
      });
    }
    expectProblem(await send(app.url, { headers: ['Host', 'evil.example.com'] }), 403, 'invalid_host');
    expectProblem(await send(app.url, { headers: ['Host', 'tunnel.example.com:1'] }), 403, 'invalid_host');
    const page = ['Origin', 'https://tunnel.example.com', 'Host', 'tunnel.example.com'];
    expect((await send(app.url, { headers: page })).status).toBe(200);
  });
});

it('accepts the host of PUBLIC_URL beside ALLOWED_HOSTS', async () => {
  const app = await startApp({ PUBLIC_URL: 'https://a.example:8443', ALLOWED_HOSTS: 'b.example' });
  const statuses = [];
  for (const host of ['a.example:8443', 'a.example', 'b.example', 'a.example:1', 'localhost']) {
    statuses.push((await send(app.url, { headers: ['Host', host] })).status);
  }
  expect(statuses).toEqual([200, 200, 200, 403, 403]);
  await app.close();
});
