import type { Following, LogEntry, LogFollower, Logs } from './logs.js';
import { until } from './fixtures/until.fixture.js';

const BOUND = { entries: 1_000, ttlMs: 60_000 };

/** Records the calls of a follower. */
export class HeardLogs implements LogFollower {
  readonly entries: (LogEntry & { readonly log: string })[] = [];
  readonly gaps: string[] = [];

  take(log: string, batch: readonly LogEntry[]): void {
    for (const entry of batch) this.entries.push({ log, ...entry });
  }

  gap(log: string): void {
    this.gaps.push(log);
  }

  of(log: string): string[] {
    return this.entries.filter((entry) => entry.log === log).map(({ fields }) => fields['n']!);
  }
}

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => String(from + at));

const valuesOf = (entries: readonly LogEntry[] | undefined) => entries?.map(({ fields }) => fields['n']);

/** The requirements on the logs of every engine. `make` creates this number of nodes' ports over one empty engine. */
export function logsContract(name: string, make: (nodes: number) => Promise<readonly Logs[]>): void {
  const makeTwo = async (): Promise<readonly [Logs, Logs]> => (await make(2)) as [Logs, Logs];
  const followings = new Set<Following>();
  afterEach(async () => {
    await Promise.all([...followings].map((following) => following.stop()));
    followings.clear();
  });
  const follow = async (port: Logs, logs: readonly string[]): Promise<[HeardLogs, Following]> => {
    const heard = new HeardLogs();
    const following = await port.follow(logs, heard);
    followings.add(following);
    return [heard, following];
  };

  describe(`${name}: logs`, () => {
    it('gives what comes after an entry, in order, and no more than is asked for', async () => {
      const [here, there] = await makeTwo();
      const offsets = [];
      for (const n of numbers(1, 5)) offsets.push((await here.append('a', { n, empty: '' }, BOUND))!);
      await here.append('b', { n: 'other' }, BOUND);
      expect(await there.after('a', offsets[2], 10)).toEqual([
        { offset: offsets[3], fields: { n: '4', empty: '' } },
        { offset: offsets[4], fields: { n: '5', empty: '' } },
      ]);
      expect(valuesOf(await there.after('a', offsets[0], 2))).toEqual(['2', '3']);
      expect(await there.after('a', offsets[4], 10)).toEqual([]);
      expect(valuesOf(await there.after('a', undefined, 3))).toEqual(['1', '2', '3']);
    });

    it('has nothing of a log that is not there, or was dropped', async () => {
      const [here, there] = await makeTwo();
      expect(await here.after('a', undefined, 10)).toEqual([]);
      const offset = (await here.append('a', { n: '1' }, BOUND))!;
      await there.drop('a');
      expect(await here.after('a', undefined, 10)).toEqual([]);
      expect(await here.after('a', offset, 10)).toBeUndefined();
    });

    it('says that an entry was pushed out by the characters after it', async () => {
      const [here] = await makeTwo();
      const bound = { ...BOUND, characters: 100 };
      const offsets = [];
      for (const n of numbers(1, 4)) offsets.push((await here.append('a', { n: n.repeat(40) }, bound))!);
      // Two in addition to the newest.
      expect(await here.after('a', offsets[0], 10)).toBeUndefined();
      expect(await here.after('a', offsets[1], 10)).toHaveLength(2);
      await here.append('a', { n: 'x'.repeat(1_000) }, bound);
      expect(await here.after('a', undefined, 10)).toHaveLength(3);
    });

    it('says that an entry was pushed out by the number of those after it', async () => {
      const [here] = await makeTwo();
      const bound = { entries: 10, characters: 1_000_000, ttlMs: 60_000 };
      const offsets = [];
      for (const n of numbers(1, 12)) offsets.push((await here.append('a', { n }, bound))!);
      expect(await here.after('a', offsets[1], 100)).toBeUndefined();
      expect(await here.after('a', offsets[2], 100)).toHaveLength(9);
    });

    it('appends to an existing log only, where that is asked', async () => {
      const [here, there] = await makeTwo();
      expect(await here.append('a', { n: '1' }, { ...BOUND, existingOnly: true })).toBeUndefined();
      expect(await here.after('a', undefined, 10)).toEqual([]);
      await here.append('a', { n: '2' }, BOUND);
      expect(await there.append('a', { n: '3' }, { ...BOUND, existingOnly: true })).toBeDefined();
      expect(valuesOf(await here.after('a', undefined, 10))).toEqual(['2', '3']);
    });

    it('forgets a log that was not appended to for its time', async () => {
      const [here] = await makeTwo();
      await here.append('a', { n: '1' }, { ...BOUND, ttlMs: 40 });
      await until(async () => (await here.after('a', undefined, 10))!.length === 0);
    });

    it('lets followers hear each entry from then on, once and in order', async () => {
      const [here, there] = await makeTwo();
      await here.append('a', { n: 'before' }, BOUND);
      const [heard] = await follow(here, ['a', 'b']);
      const [alsoHeard] = await follow(there, ['a']);
      await Promise.all(numbers(1, 200).map((n) => here.append('a', { n }, BOUND)));
      await there.append('b', { n: 'b1' }, BOUND);
      await until(async () => heard.entries.length >= 201 && alsoHeard.entries.length >= 200);
      expect(heard.of('a')).toEqual(numbers(1, 200));
      expect(heard.of('b')).toEqual(['b1']);
      expect(alsoHeard.of('a')).toEqual(numbers(1, 200));
      expect(heard.gaps).toEqual([]);
      expect(valuesOf(await here.after('a', heard.entries.at(-2)!.offset, 10))).toBeDefined();
    });

    it('knows how far behind a follower is, and forgets what it has done with', async () => {
      const [here, there] = await makeTwo();
      const [heard, following] = await follow(here, ['a']);
      await until(async () => following.lagMs < 1_000);
      for (const n of numbers(1, 5)) await there.append('a', { n }, BOUND);
      await until(async () => heard.entries.length === 5);
      following.forget('a', heard.entries[3]!.offset);
      await until(async () => (await there.after('a', undefined, 10))!.length === 2);
      await there.append('a', { n: '6' }, BOUND);
      await until(async () => heard.entries.length === 6);
      expect(heard.gaps).toEqual([]);
    });

    it('tells a follower that has stopped nothing more', async () => {
      const [here, there] = await makeTwo();
      const [heard, following] = await follow(here, ['a']);
      const [other] = await follow(there, ['a']);
      await following.stop();
      await there.append('a', { n: '1' }, BOUND);
      await until(async () => other.entries.length === 1);
      expect(heard.entries).toEqual([]);
    });
  });
}
