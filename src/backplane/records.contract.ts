import type { Records } from './records.js';
import { until } from './fixtures/until.fixture.js';

const LONG_MS = 60_000;
const SHORT_MS = 40;
/** Long enough for a busy machine to reach the next line. */
const BRIEF_MS = 500;

const show = (port: Records, token: string, iat: number) =>
  port.patch('a', { set: { token }, ifHigher: ['iat', iat] });

/**
 * The requirements on the records of every engine. `make` creates this number of nodes' ports over one empty engine.
 */
export function recordsContract(name: string, make: (nodes: number) => Promise<readonly Records[]>): void {
  const makeTwo = async (): Promise<readonly [Records, Records]> => (await make(2)) as [Records, Records];

  describe(`${name}: records`, () => {
    it('gives every node what was created, and nothing for a key that was not', async () => {
      const [here, there] = await makeTwo();
      expect(await here.create('a', { owner: 'n1', empty: '', 's:app://x y': '1' }, LONG_MS)).toBe(true);
      expect(await there.read('a')).toEqual({ owner: 'n1', empty: '', 's:app://x y': '1' });
      expect(await there.read('b')).toBeUndefined();
      expect(await there.read('__proto__')).toBeUndefined();
    });

    it('creates once', async () => {
      const [here, there] = await makeTwo();
      const created = await Promise.all(
        [here, there, here].map((port) => port.create('a', { n: '1' }, LONG_MS)),
      );
      expect(created.filter(Boolean)).toHaveLength(1);
      expect(await there.create('a', { n: '2' }, LONG_MS)).toBe(false);
      expect(await here.read('a')).toEqual({ n: '1' });
    });

    it('forgets a record at its time, and lets it be created again', async () => {
      const [here, there] = await makeTwo();
      await here.create('a', { n: '1' }, SHORT_MS);
      await until(async () => (await there.read('a')) === undefined);
      expect(await here.patch('a', { set: { n: '2' } })).toBe('missing');
      expect(await here.extend(['a'], LONG_MS)).toEqual(['missing']);
      expect(await here.create('a', { n: '3' }, LONG_MS)).toBe(true);
    });

    it('extends by reading, by patching and by name', async () => {
      const [here, there] = await makeTwo();
      for (const key of ['read', 'patched', 'extended', 'left']) await here.create(key, { n: '1' }, BRIEF_MS);
      expect(await there.read('read', LONG_MS)).toEqual({ n: '1' });
      expect(await there.patch('patched', { set: { n: '2' } }, LONG_MS)).toBe('ok');
      expect(await there.extend(['extended', 'nothing'], LONG_MS)).toEqual(['ok', 'missing']);
      await until(async () => (await here.read('left')) === undefined);
      expect(await here.read('read')).toEqual({ n: '1' });
      expect(await here.read('patched')).toEqual({ n: '2' });
      expect(await here.read('extended')).toEqual({ n: '1' });
    });

    it('keeps both of two simultaneous changes', async () => {
      const [here, there] = await makeTwo();
      await here.create('a', { owner: 'alice', log: 'info' }, LONG_MS);
      await Promise.all([
        here.patch('a', { set: { 's:news': '1' }, unset: ['log', 'never'] }),
        there.patch('a', { set: { 's:news2': '1' } }),
      ]);
      expect(await here.read('a')).toEqual({ owner: 'alice', 's:news': '1', 's:news2': '1' });
    });

    it('changes a record that was read before without changing what was read', async () => {
      const [here] = await makeTwo();
      await here.create('a', { n: '1' }, LONG_MS);
      const before = await here.read('a');
      await here.patch('a', { set: { n: '2' } });
      expect(before).toEqual({ n: '1' });
    });

    it('lets the higher number win, whichever comes first', async () => {
      const [here, there] = await makeTwo();
      await here.create('a', { token: 'first' }, LONG_MS);
      expect(await show(here, 'ten', 10)).toBe('ok');
      expect(await show(there, 'nine', 9)).toBe('unmet');
      expect(await show(there, 'ten again', 10)).toBe('unmet');
      expect(await show(there, 'hundred', 100)).toBe('ok');
      expect(await here.read('a')).toEqual({ token: 'hundred', iat: '100' });
    });

    it('restores nothing that was ended', async () => {
      const [here, there] = await makeTwo();
      await here.create('a', { n: '1' }, LONG_MS);
      expect(await there.end('a', LONG_MS)).toBe(true);
      expect(await here.read('a')).toBe('ended');
      expect(await here.read('a', LONG_MS)).toBe('ended');
      expect(await here.create('a', { n: '1' }, LONG_MS)).toBe(false);
      expect(await here.patch('a', { set: { n: '2' } }, LONG_MS)).toBe('ended');
      expect(await here.extend(['a'], LONG_MS)).toEqual(['ended']);
      expect(await here.end('a', LONG_MS)).toBe(false);
      expect(await there.read('a')).toBe('ended');
    });

    it('ends a record that does not exist too, and forgets the tombstone at its expiry', async () => {
      const [here, there] = await makeTwo();
      expect(await here.end('a', BRIEF_MS)).toBe(false);
      expect(await there.create('a', { n: '1' }, LONG_MS)).toBe(false);
      // A reader that would extend a record does not keep its tombstone.
      await until(async () => (await there.read('a', LONG_MS)) === undefined);
      expect(await there.create('a', { n: '2' }, LONG_MS)).toBe(true);
      expect(await here.read('a')).toEqual({ n: '2' });
    });
  });
}
