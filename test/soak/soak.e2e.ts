import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { ask, askOnStream, askStateless } from '../cluster/support/asking.js';
import { Cluster } from '../cluster/support/cluster.js';
import type { Asked } from '../cluster/support/history.js';
import { Listening } from '../support/listening.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import type { ServerProcess } from '../support/server-process.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 5);
const CLIENTS = 12;
/** What caches that grow to their limit may add to the heap of a node, in MiB. */
const SETTLED_MIB = 12;
const SAMPLES = 10;
/** No divisor of the intervals of health checks and heartbeats. */
const SAMPLE_EACH_MS = 130;

/** What a node holds, after a collection of garbage. */
interface Vitals {
  readonly heapMiB: number;
  readonly resources: Readonly<Record<string, number>>;
}

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('clients that come and go', () => {
  it(
    `leave nodes and Redis as they were before: ${MINUTES} minutes`,
    async () => {
      const cluster = await Cluster.start(2, 'alternate', {
        SESSIONS_PER_PRINCIPAL: '100000',
        SESSION_IDLE: '20s',
        NODE_OPTIONS: `--import=${pathToFileURL(resolve('test/soak/support/vitals.preload.ts')).href}`,
      });
      const asked: Asked[] = [];
      const token = await signToken({ livesMs: 86_400_000 });
      const run = (ms: number): Promise<unknown> => {
        const until = performance.now() + ms;
        const rounds = Array.from({ length: CLIENTS }, async (_, n) => {
          for (let round = n; performance.now() < until; round += 1) {
            asked.push(...(await ROUNDS[round % ROUNDS.length]!(cluster.url, token)));
            await sleep(50);
          }
        });
        return Promise.all(rounds);
      };
      // Code is compiled and caches are filled before anything is compared.
      await run(15_000);
      const before = await vitalsOf(cluster);
      await run(MINUTES * 60_000);
      const after = await vitalsOf(cluster);
      process.stderr.write(`${asked.length} calls; ${JSON.stringify({ before, after })}\n`);
      expect(asked.length).toBeGreaterThan(100);
      const statuses = asked.filter(({ status }) => status !== 200);
      expect(statuses).toEqual([]);
      const vitals = after.map(({ resources }, at) => [before[at]!.resources, resources] as const);
      expect(cluster.violations({ asked, keys: await cluster.keys(), live: 0, vitals })).toEqual([]);
      for (const [at, { heapMiB }] of after.entries()) {
        expect(heapMiB).toBeLessThan(before[at]!.heapMiB + SETTLED_MIB);
      }
      await cluster.stop();
    },
    (MINUTES + 3) * 60_000,
  );
});

type Round = (url: string, token: string) => Promise<Asked[]>;

/** What clients do from their coming to their going. */
const ROUNDS: readonly Round[] = [
  // A session of /mcp with a stream, ended in order.
  async (url, token) => {
    const endpoint = await McpEndpoint.open(url, token);
    const stream = await Listening.open(endpoint);
    const asked = [await ask(endpoint, { ms: 2 }), await ask(endpoint), await ask(endpoint)];
    stream.leave();
    await endpoint.delete();
    return asked;
  },
  // One that is left without a word, and lapses.
  async (url, token) => [await ask(await McpEndpoint.open(url, token))],
  // A session of /sse.
  async (url, token) => {
    const session = await RawSession.open(url, token);
    const asked = [await askOnStream(url, session, token, { ms: 2 }), await askOnStream(url, session, token)];
    session.close();
    return asked;
  },
  // 2026-07-28.
  async (url, token) => [await askStateless(url, token)],
];

/** Once all sessions have lapsed and Redis has forgotten them. */
async function vitalsOf(cluster: Cluster): Promise<Vitals[]> {
  const { client } = cluster.redis;
  // What belongs to sessions and calls. Tombstones stay for ten minutes, and are few bytes each.
  const held = async (): Promise<string[]> => {
    const keys = await client.keys('mcp:[srl]:*');
    const kept = await Promise.all(
      keys.map(async (key) => {
        const type = await client.type(key);
        // Holders whose time is over are removed at the next use of the key.
        if (type === 'zset') return (await client.zcount(key, Date.now(), '+inf')) > 0;
        const isTombstone = type === 'hash' && (await client.hexists(key, '_end')) === 1;
        return !isTombstone && !/\{(bus|inbox:|revocation|state-key|origin:)/.test(key);
      }),
    );
    return keys.filter((_key, at) => kept[at]);
  };
  await until(async () => (await held()).length === 0, 120_000);
  // Keep-alive connections of clients have gone by then.
  await sleep(10_000);
  const nodes = [...cluster.nodes.values()].map(({ process }) => process);
  return Promise.all(nodes.map(async (node) => leastOf(await samplesOf(node))));
}

async function samplesOf(node: ServerProcess): Promise<Vitals[]> {
  const { length } = node.events('vitals');
  for (let taken = 1; taken <= SAMPLES; taken += 1) {
    node.signal('SIGUSR2');
    await node.until(() => node.events('vitals').length === length + taken);
    await sleep(SAMPLE_EACH_MS);
  }
  return node.events('vitals').slice(length) as unknown as Vitals[];
}

/**
 * The least of each: what leaks is in every sample. A health check of the balancer is a connection, and a command to
 * Redis has a timer: each is in the samples during which it runs.
 */
function leastOf(samples: readonly Vitals[]): Vitals {
  const names = new Set(samples.flatMap(({ resources }) => Object.keys(resources)));
  const least = [...names].map(
    (name) => [name, Math.min(...samples.map(({ resources }) => resources[name] ?? 0))] as const,
  );
  return {
    heapMiB: Math.min(...samples.map(({ heapMiB }) => heapMiB)),
    resources: Object.fromEntries(least.filter(([, count]) => count > 0)),
  };
}
