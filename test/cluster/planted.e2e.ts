import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { RawSession } from '../support/raw-session.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { Cluster } from './support/cluster.js';
import { Load } from './support/load.js';
import * as loads from './support/planted.loads.js';

/** Each broken build of plants.preload.ts, the load that meets what is broken, and the rule that has to notice. */
const PLANTS: readonly (readonly [plant: string, rule: string, load: loads.PlantedLoad])[] = [
  ['P1', 'I10', loads.deleting],
  ['P3', 'I13', loads.answering],
  ['P4', 'I13', loads.cancelling],
  ['P5', 'I11', loads.telling],
  ['P5 streams', 'I11', loads.telling],
  ['P6', 'I9', loads.resuming],
  ['P7', 'I5', loads.repeating],
  ['P8', 'I11', loads.subscribing],
  ['P9', 'I6', loads.expiring],
  ['P10', 'I6', loads.revoking],
  ['P11', 'I6', loads.crossing],
  ['P11 early', 'I1', loads.crossing],
  ['P2', 'I6', loads.stopping],
  ['P12', 'I7b', loads.stopping],
  ['P13', 'I7', loads.failing],
  ['P13 unknown', 'I6', loads.failing],
];

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('the checker, with nodes in which one behaviour is broken', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'planted-')), 'planted');
  const plant = (name: string): void => writeFileSync(file, name);
  const found = new Map<loads.PlantedLoad, readonly string[]>();
  let cluster: Cluster;
  let token: string;
  beforeAll(async () => {
    plant('');
    const env = { PLANTED: file, SESSIONS_PER_PRINCIPAL: '1000', SHUTDOWN_DELAY: '1s' };
    cluster = await Cluster.start(2, 'alternate', env);
    // Longer than the load that lets tokens expire.
    token = await signToken({ livesMs: 86_400_000 });
  }, 60_000);
  afterAll(() => cluster.stop());

  /** What the checker finds in a load, with other clients beside it. */
  const check = async (run: loads.PlantedLoad): Promise<readonly string[]> => {
    const stream = await RawSession.open(cluster.node('n2').url, token);
    const others = await Load.start(cluster.url, token, { sessions: 1, stateless: 1, streams: [stream] });
    await until(() => others.least > 0);
    const { asked = [], heard = [], ...history } = await run(cluster, token);
    const seen = await others.stop();
    stream.close();
    if (run === loads.stopping) await cluster.startNode('n1');
    const whole = { asked: [...seen.asked, ...asked], heard: [...seen.heard, ...heard] };
    return cluster.violations({ isCalm: true, ...history, ...whole });
  };

  it.each(PLANTS)(
    'notices %s by %s, and nothing where nothing is broken',
    async (name, rule, load) => {
      if (!found.has(load)) found.set(load, await check(load));
      expect(found.get(load)).toEqual([]);
      plant(name);
      const violations = await check(load).finally(() => plant(''));
      expect(violations.map((line) => line.split(' ', 1)[0])).toContain(rule);
    },
    120_000,
  );
});
