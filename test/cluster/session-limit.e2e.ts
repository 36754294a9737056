import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { Listening } from '../support/listening.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { Cluster } from './support/cluster.js';

const LIMIT = 3;

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('the limit of sessions, over all nodes', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start(2, 'pin', { SESSIONS_PER_PRINCIPAL: String(LIMIT) });
  }, 60_000);
  afterAll(() => cluster.stop());

  /** The number of sessions that count for a user. */
  const counted = async (user: string): Promise<number> => {
    const keys = await cluster.keys();
    return keys.find(({ name }) => name.includes('sessions:') && name.includes(`"${user}"`))?.members ?? 0;
  };

  const endings = [
    { how: 'was killed', end: (name: string) => cluster.kill(name) },
    { how: 'has stopped in order', end: (name: string) => cluster.node(name).stop() },
  ];

  it.each(endings)(
    'counts no session of a node that $how, until the session is used elsewhere',
    async ({ how, end }) => {
      const token = await signToken({ sub: how });
      const open = (name: string) => McpEndpoint.open(cluster.node(name).url, token);
      const ping = async (endpoint: McpEndpoint): Promise<number> => {
        const response = await cluster.at('n2', endpoint, token).call(1, 'ping');
        await response.text();
        return response.status;
      };
      const [first, second, third] = [await open('n1'), await open('n1'), await open('n1')];
      const stream = await Listening.open(cluster.at('n2', second, token));
      // All are in use, or on another node.
      expect((await open('n2')).sessionId).toBeUndefined();
      expect(await counted(how)).toBe(LIMIT);
      await end('n1');
      let newest = await open('n2');
      await until(async () => {
        if (newest.sessionId === undefined) newest = await open('n2');
        return newest.sessionId !== undefined;
      });
      // The new one and the one whose stream is on this node.
      await until(async () => (await counted(how)) === 2);
      expect(stream.ended).toBe(false);
      for (const endpoint of [first, third, second, newest]) expect(await ping(endpoint)).toBe(200);
      await until(async () => (await counted(how)) === 4);
      // Above the limit again: the oldest that is not in use ends for a new one, until there is room.
      const next = await open('n2');
      expect(next.sessionId).toBeDefined();
      expect(await counted(how)).toBe(LIMIT);
      for (const endpoint of [second, next]) expect(await ping(endpoint)).toBe(200);
      expect(await ping(first)).toBe(404);
      stream.leave();
      await cluster.startNode('n1');
    },
    120_000,
  );
});
