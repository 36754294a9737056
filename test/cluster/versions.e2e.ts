import { BackplaneNode } from '../../src/backplane/index.js';
import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import type { TestApp } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';
import { AppNodes, at, postAt } from './support/app-nodes.js';

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('nodes of different versions', () => {
  let nodes: AppNodes;
  let a: TestApp;
  let b: TestApp;
  let token: string;
  beforeAll(async () => {
    nodes = await AppNodes.start(2);
    [a, b] = nodes.apps as [TestApp, TestApp];
    token = await signToken();
  }, 60_000);
  afterAll(() => nodes.stop());

  it('refuse with 503 what another one does not know', async () => {
    const session = await RawSession.open(a.url, token);
    const { handlers } = a.app.get(BackplaneNode).mail as unknown as { handlers: Map<string, unknown> };
    const handler = handlers.get('session.post');
    handlers.delete('session.post');
    const refused = await postAt(b, session, token, ping);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    handlers.set('session.post', handler);
    expect((await postAt(b, session, token, ping)).status).toBe(202);
    session.close();
  });

  it('read each other’s records, and leave alone what they do not know in them', async () => {
    const endpoint = await McpEndpoint.open(a.url, token);
    const { client } = nodes.redis;
    const [key] = await client.keys(`*session:${endpoint.sessionId}*`);
    // As of a later version, and as of an earlier one that did not say which it is.
    await client.hset(key!, { later: 'x' });
    await client.hdel(key!, 'f');
    const there = at(b, endpoint, token);
    expect((await there.request(1, 'logging/setLevel', { level: 'error' })).result).toEqual({});
    expect(await client.hmget(key!, 'later', 'l')).toEqual(['x', 'error']);
    expect((await endpoint.call(2, 'ping')).status).toBe(200);
  });
});
