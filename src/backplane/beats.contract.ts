import { setTimeout as sleep } from 'node:timers/promises';
import type { Beats, BeatTimes, NodeState } from './beats.js';
import { until } from './fixtures/until.fixture.js';

/** Short, but long enough for a busy machine to send heartbeats in time. */
const TIMES: BeatTimes = { unsureMs: 300, goneMs: 700 };

const stateOf = async (port: Beats, of: string, as: string): Promise<NodeState | undefined> =>
  (await port.beat(as, {})).nodes.find(({ id }) => id === of)?.state;

/**
 * The requirements on the heartbeats of every engine. `make` creates this number of nodes' ports over one empty engine.
 */
export function beatsContract(
  name: string,
  make: (nodes: number, times: BeatTimes) => Promise<readonly Beats[]>,
): void {
  describe(`${name}: beats`, () => {
    it('tells every node of the others', async () => {
      const [here, there] = (await make(2, TIMES)) as [Beats, Beats];
      const first = await here.beat('a', { version: '1' });
      expect(first.nodes).toEqual([{ id: 'a', state: 'alive', info: { version: '1' } }]);
      const second = await there.beat('b', { version: 'two words' });
      expect(second.nodes).toHaveLength(2);
      expect(second.nodes).toContainEqual({ id: 'a', state: 'alive', info: { version: '1' } });
      expect(second.nodes).toContainEqual({ id: 'b', state: 'alive', info: { version: 'two words' } });
      expect(second.fenced).toBe(false);
      expect(second.generation).toBe(first.generation);
      expect(Math.abs(second.skewMs)).toBeLessThan(1_000);
    });

    it('counts a node as gone that is silent while another one beats, and reports that once', async () => {
      const [here, there] = (await make(2, TIMES)) as [Beats, Beats];
      await there.beat('b', {});
      const seen = new Set<NodeState | undefined>();
      await until(async () => {
        seen.add(await stateOf(here, 'b', 'a'));
        return seen.has('gone');
      });
      expect([...seen]).toEqual(['alive', 'unsure', 'gone']);
      expect((await there.beat('b', {})).fenced).toBe(true);
      expect((await there.beat('b', {})).fenced).toBe(false);
      expect(await stateOf(here, 'b', 'a')).toBe('alive');
    });

    it('counts no node as gone while all are silent', async () => {
      const [here, there] = (await make(2, TIMES)) as [Beats, Beats];
      await here.beat('a', {});
      await there.beat('b', {});
      await sleep(TIMES.goneMs * 2);
      expect(await stateOf(here, 'b', 'a')).toBe('alive');
      expect((await there.beat('b', {})).fenced).toBe(false);
    });

    it('forgets a node that withdraws', async () => {
      const [here, there] = (await make(2, TIMES)) as [Beats, Beats];
      await there.beat('b', {});
      await there.withdraw('b');
      expect(await stateOf(here, 'b', 'a')).toBeUndefined();
      expect((await there.beat('b', {})).fenced).toBe(false);
    });
  });
}
