import type { StoredEvent, EventStore } from './event-store.js';

const entry = (stream: string, n: number): StoredEvent => ({
  id: `${stream}.${n}`,
  stream,
  data: `${stream} ${n}`,
});

/** The requirements on the event store of every engine. Each call of `make` creates an empty one. */
export function eventStoreContract(name: string, make: () => Promise<EventStore>): void {
  describe(`${name}: events`, () => {
    it('gives the rest of a stream, in order, and nothing of another', async () => {
      const events = await make();
      for (let n = 1; n <= 4; n += 1) {
        for (const stream of ['a', 'b']) await events.append('s1', entry(stream, n));
      }
      expect(await events.after('s1', 'a.2')).toEqual([entry('a', 3), entry('a', 4)]);
      expect(await events.after('s1', 'b.4')).toEqual([]);
    });

    it('finds no entry of another session, and none that never existed', async () => {
      const events = await make();
      await events.append('s1', entry('a', 1));
      expect(await events.after('s2', 'a.1')).toBeUndefined();
      expect(await events.after('s1', 'a.9')).toBeUndefined();
    });

    it('continues after the entry that was read last', async () => {
      const events = await make();
      const append = (stream: string, n: number) => events.append('s1', entry(stream, n));
      await append('a', 1);
      expect(await events.after('s1', 'a.1')).toEqual([]);
      await append('b', 1);
      await append('a', 2);
      expect(await events.after('s1', 'a.1')).toEqual([entry('a', 2)]);
      expect(await events.after('s1', 'a.2')).toEqual([]);
      await append('b', 2);
      await append('a', 3);
      expect(await events.after('s1', 'a.2')).toEqual([entry('a', 3)]);
      expect(await events.after('s1', 'b.1')).toEqual([entry('b', 2)]);
      for (let n = 4; n <= 300; n += 1) await append('a', n);
      expect(await events.after('s1', 'a.3')).toBeUndefined();
    });

    it('says so when an entry was pushed out', async () => {
      const events = await make();
      for (let n = 1; n <= 257; n += 1) await events.append('s1', entry('a', n));
      expect(await events.after('s1', 'a.1')).toBeUndefined();
      expect(await events.after('s1', 'a.2')).toHaveLength(255);
    });

    it('keeps a bounded size beside the newest entry', async () => {
      const events = await make();
      const large = (n: number, length: number): StoredEvent => ({
        ...entry('a', n),
        data: 'x'.repeat(length),
      });
      for (let n = 1; n <= 6; n += 1) await events.append('s1', large(n, 2 ** 18));
      expect(await events.after('s1', 'a.1')).toBeUndefined();
      expect(await events.after('s1', 'a.2')).toHaveLength(4);
      await events.append('s1', large(7, 2 ** 21));
      expect(await events.after('s1', 'a.3')).toHaveLength(4);
      await events.append('s1', entry('a', 8));
      expect(await events.after('s1', 'a.7')).toBeUndefined();
      expect(await events.after('s1', 'a.8')).toEqual([]);
    });

    it('drops a log', async () => {
      const events = await make();
      await events.append('s1', entry('a', 1));
      await events.drop('s1');
      expect(await events.after('s1', 'a.1')).toBeUndefined();
    });
  });
}
