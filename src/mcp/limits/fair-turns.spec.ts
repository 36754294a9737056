import { FairTurns } from './fair-turns.js';

it('runs users in turn, each in its own order', async () => {
  const turns = new FairTurns();
  const done: string[] = [];
  const work = async (user: string, name: string): Promise<void> => {
    await turns.take(user);
    done.push(name);
  };
  const heavy = ['a1', 'a2', 'a3'].map((name) => work('alice', name));
  await Promise.all([...heavy, work('bob', 'b1'), work('carol', 'c1')]);
  expect(done).toEqual(['a1', 'b1', 'c1', 'a2', 'a3']);
});

it('runs cheap work between two pieces', async () => {
  const turns = new FairTurns();
  const done: string[] = [];
  const heavy = [1, 2, 3].map((number) => turns.take('alice').then(() => done.push(`heavy ${number}`)));
  setImmediate(() => setImmediate(() => done.push('cheap')));
  await Promise.all(heavy);
  expect(done.indexOf('cheap')).toBeLessThan(done.indexOf('heavy 3'));
});

it('runs what is requested during a turn', async () => {
  const turns = new FairTurns();
  await turns.take('alice');
  await turns.take('alice');
  const both = Promise.all([turns.take('bob'), turns.take('alice')]);
  expect(await both).toEqual([undefined, undefined]);
});
