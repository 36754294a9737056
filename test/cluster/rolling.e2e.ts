import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { Cluster } from './support/cluster.js';
import { Load } from './support/load.js';

const MIXED = { sessions: 2, resuming: 2, stateless: 1 };

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)(
  'three nodes that are replaced one after the other under load, five times',
  () => {
    let cluster: Cluster;
    let token: string;
    beforeAll(async () => {
      cluster = await Cluster.start(3, 'alternate', { SESSIONS_PER_PRINCIPAL: '1000' });
      token = await signToken();
    }, 60_000);
    afterAll(() => cluster.stop());

    it('no request is refused, no session is unknown', async () => {
      const load = await Load.start(cluster.url, token, MIXED);
      for (const name of Array.from({ length: 5 }, () => ['n1', 'n2', 'n3']).flat()) {
        await cluster.restart(name);
        const before = load.answered;
        await until(() => load.answered > before + 10);
      }
      const seen = await load.stop();
      expect(seen.asked.filter(({ status }) => status !== 200)).toEqual([]);
      expect(cluster.violations({ ...seen, keys: await cluster.keys() })).toEqual([]);
    }, 240_000);
  },
);
