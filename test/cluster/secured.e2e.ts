import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/backplane/fixtures/free-port.fixture.js';
import { hasRedis, RedisProcess } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { Listening } from '../support/listening.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { ServerProcess } from '../support/server-process.js';
import { PUBLIC_URL, SECRET } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { Cluster } from './support/cluster.js';
import { Load } from './support/load.js';

/** The line of the guide, without its first word and its user. */
const RIGHTS = /^user mcp (.*)$/m.exec(readFileSync('docs/scale-out.md', 'utf8'))![1]!.split(' ');

/** A certificate for 127.0.0.1, signed by itself. */
function makeCertificate(): { readonly certificate: string; readonly key: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tls-'));
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const args =
    'req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=redis -addext subjectAltName=IP:127.0.0.1';
  execFileSync('openssl', [...args.split(' '), '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  return { certificate, key };
}

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('over TLS, as the user of the guide', () => {
  let url: string;
  let certificate: string;
  let redis: RedisProcess;
  beforeAll(async () => {
    const files = makeCertificate();
    ({ certificate } = files);
    const port = await freePort();
    const tls = [
      '--tls-cert-file',
      certificate,
      '--tls-key-file',
      files.key,
      '--tls-ca-cert-file',
      certificate,
    ];
    redis = await RedisProcess.start('--tls-port', String(port), '--tls-auth-clients', 'no', ...tls);
    await redis.client.call('ACL', 'SETUSER', 'mcp', ...RIGHTS);
    url = `rediss://mcp:password@127.0.0.1:${port}`;
  });

  it('nodes do all that they do, and ask for nothing that they may not', async () => {
    const env = { REDIS_URL: url, NODE_EXTRA_CA_CERTS: certificate, RATE_LIMIT: '100000/1m' };
    const cluster = await Cluster.start(2, 'alternate', env);
    const token = await signToken();
    const stream = await RawSession.open(cluster.node('n1').url, token);
    const clients = { sessions: 1, resuming: 1, stateless: 1, streams: [stream] };
    const load = await Load.start(cluster.url, token, clients);
    const listening = await Listening.open(load.endpoints[0]!);
    await until(() => load.least > 5);
    expect(cluster.violations(await load.stop())).toEqual([]);
    listening.leave();
    for (const endpoint of load.endpoints) expect((await endpoint.delete()).status).toBe(204);
    const headers = { Authorization: `Bearer ${token}` };
    expect((await fetch(`${cluster.url}/auth/revoke`, { method: 'POST', headers })).status).toBe(200);
    expect((await new McpEndpoint(cluster.url, token).call(1, 'ping')).status).toBe(401);
    await cluster.stop();
    expect(await redis.client.call('ACL', 'LOG')).toEqual([]);
    // The rights are for these keys only.
    const may = redis.client.call('ACL', 'DRYRUN', 'mcp', 'GET', 'other:key');
    expect(await may).toContain('no permissions');
  }, 60_000);

  it('a certificate that is not trusted keeps a node from being ready', async () => {
    const env = {
      NODE_ENV: 'development',
      HOST: '127.0.0.1',
      PUBLIC_URL,
      JWT_SECRET: SECRET,
      REDIS_URL: url,
    };
    const server = await ServerProcess.start(env);
    const response = await fetch(`${server.url}/health/ready`);
    expect([response.status, await response.json()]).toEqual([
      503,
      { status: 'unavailable', reasons: ['backplane_unreachable'] },
    ]);
    expect(JSON.stringify(server.events('backplane.unreachable'))).toContain('self-signed certificate');
    await server.stop();
  }, 40_000);
});
