import { Logger } from '@nestjs/common';
import type { BeatTimes } from './beats.js';
import { beatsContract } from './beats.contract.js';
import { logsContract } from './logs.contract.js';
import type { ContractNode } from './fixtures/contract-nodes.fixture.js';
import { nodesContract } from './nodes.contract.js';
import { revocationListContract } from './revocation-list.contract.js';
import type { RateLimiter } from './rate-limiter.js';
import { rateLimiterContract } from './rate-limiter.contract.js';
import { recordsContract } from './records.contract.js';
import type { EventStore } from './event-store.js';
import { eventStoreContract } from './event-store.contract.js';
import { revocationStoreContract } from './revocation-store.contract.js';
import { BackplaneNode, type NodeEngine } from './shared/backplane-node.js';
import { boundTo, FreeingLimiter } from './shared/freeing.limiter.js';
import type { ConcurrencyLimiter } from './concurrency-limiter.js';
import { until } from './fixtures/until.fixture.js';

/** One node's ports of an engine under test. */
export interface Handle extends NodeEngine {
  readonly limits: RateLimiter;
  readonly events: EventStore;
  readonly slots: ConcurrencyLimiter;
}

/** Creates this number of nodes' handles over one empty engine. */
export type MakeHandles = (nodes: number, times?: BeatTimes) => Promise<readonly Handle[]>;

const LONG_MS = 60_000;
const SHORT_MS = 40;
/** Long enough for a busy machine to reach the next line. */
const BRIEF_MS = 500;

/** The requirements on every engine of the backplane. */
export function backplaneContract(name: string, makeHandles: MakeHandles): void {
  // Some tests make handlers fail, which is logged.
  beforeAll(() => Logger.overrideLogger(false));
  const make = async (): Promise<Handle> => (await makeHandles(1))[0]!;
  const nodes = new Set<BackplaneNode>();
  const makeNodes = async (count: number, times?: BeatTimes): Promise<ContractNode[]> => {
    const handles = await makeHandles(count, times);
    const made = handles.map((engine) => ({ engine, node: new BackplaneNode(engine, {}, times) }));
    for (const { node } of made) nodes.add(node);
    await Promise.all(made.map(({ node }) => node.start()));
    return made;
  };
  afterEach(async () => {
    await Promise.all([...nodes].map((node) => node.stop()));
    nodes.clear();
  });

  recordsContract(name, makeHandlesOf('records'));
  logsContract(name, makeHandlesOf('logs'));
  beatsContract(name, makeHandlesOf('beats'));
  nodesContract(name, makeNodes);
  revocationListContract(name, makeNodes);
  eventStoreContract(name, async () => (await make()).events);
  rateLimiterContract(name, async () => (await make()).limits);
  revocationStoreContract(name, async () => (await makeNodes(1))[0]!.node.revocations);

  function makeHandlesOf<Port extends keyof Handle>(port: Port) {
    return async (count: number, times?: BeatTimes): Promise<Handle[Port][]> =>
      (await makeHandles(count, times)).map((handle) => handle[port]);
  }

  describe(`${name}: slots`, () => {
    it('gives as many places as the limit says, and each again once it is free', async () => {
      const { slots } = await make();
      expect(await slots.acquire('alice', 's1', 2, LONG_MS)).toBe(true);
      expect(await slots.acquire('alice', 's2', 2, LONG_MS)).toBe(true);
      expect(await slots.acquire('alice', 's3', 2, LONG_MS)).toBe(false);
      expect(await slots.holders('alice')).toHaveLength(2);
      await slots.release('alice', 's1');
      expect(await slots.acquire('alice', 's3', 2, LONG_MS)).toBe(true);
    });

    it('counts each key separately, and each holder once', async () => {
      const { slots } = await make();
      expect(await slots.acquire('alice', 's1', 1, LONG_MS)).toBe(true);
      expect(await slots.acquire('alice', 's1', 1, LONG_MS)).toBe(true);
      expect(await slots.acquire('bob', 's1', 1, LONG_MS)).toBe(true);
      expect(await slots.holders('alice')).toHaveLength(1);
      expect(await slots.holders('carol')).toHaveLength(0);
    });

    it('never exceeds the limit, however many ask at once', async () => {
      const handles = await makeHandles(3);
      const asked = Array.from({ length: 50 }, (_, n) =>
        handles[n % 3]!.slots.acquire('alice', `s${n}`, 7, LONG_MS),
      );
      expect((await Promise.all(asked)).filter(Boolean)).toHaveLength(7);
    });

    it('takes a place back from a holder that is not renewed', async () => {
      const { slots } = await make();
      await slots.acquire('alice', 's1', 1, SHORT_MS);
      await until(async () => slots.acquire('alice', 's2', 1, LONG_MS));
      expect(await slots.renew('alice', 's1', LONG_MS)).toBe(false);
    });

    it('leaves a place to a holder that is renewed', async () => {
      const { slots } = await make();
      await slots.acquire('alice', 's1', 1, BRIEF_MS);
      expect(await slots.renew('alice', 's1', LONG_MS)).toBe(true);
      await slots.acquire('bob', 's1', 1, BRIEF_MS);
      await until(() => slots.acquire('bob', 's2', 1, LONG_MS));
      expect(await slots.acquire('alice', 's2', 1, LONG_MS)).toBe(false);
    });

    it('ignores the release of a place that is not held', async () => {
      const { slots } = await make();
      await slots.acquire('alice', 's1', 1, LONG_MS);
      await slots.release('alice', 's9');
      await slots.release('bob', 's1');
      expect(await slots.holders('alice')).toEqual(['s1']);
    });

    it('frees the places of nodes that are gone, and no others, before it refuses', async () => {
      const [a, b] = (await makeNodes(2, { unsureMs: 400, goneMs: 800 })) as [ContractNode, ContractNode];
      const slots = new FreeingLimiter((a.engine as Handle).slots, a.node.membership);
      const held = [boundTo(b.node.membership.self, 's1'), boundTo(a.node.membership.self, 's2'), 's3'];
      for (const holder of held) expect(await slots.acquire('alice', holder, 3, LONG_MS)).toBe(true);
      await until(async () => a.node.membership.isSteady);
      expect(await slots.acquire('alice', 's4', 3, LONG_MS)).toBe(false);
      await b.node.stop();
      await a.node.membership.beat();
      expect(await slots.acquire('alice', 's4', 3, LONG_MS)).toBe(true);
      expect(await slots.acquire('alice', 's5', 3, LONG_MS)).toBe(false);
      expect(new Set(await slots.holders('alice'))).toEqual(new Set([held[1], 's3', 's4']));
    });
  });
}
