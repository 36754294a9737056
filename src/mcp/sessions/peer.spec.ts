import { type PendingCall, PendingCalls } from './peer.js';

const call = (): PendingCall => ({ abort: () => {} });

it('finds each call in flight by the id of its request, in whatever order they begin and end', () => {
  const calls = new PendingCalls();
  const [a, b, c, d] = [call(), call(), call(), call()];
  calls.add(1, a);
  calls.add('1', b);
  calls.add(2, c);
  expect([calls.get(1), calls.get('1'), calls.get(2), calls.get(3)]).toEqual([a, b, c, undefined]);
  expect([calls.size, calls.values()]).toEqual([3, [a, b, c]]);
  calls.delete(1);
  expect([calls.has(1), calls.size, calls.values()]).toEqual([false, 2, [b, c]]);
  calls.add(1, d);
  expect([calls.get(1), calls.get('1'), calls.values()]).toEqual([d, b, [d, b, c]]);
  for (const id of ['1', 2, 1, 1]) calls.delete(id);
  expect([calls.size, calls.values(), calls.has(1)]).toEqual([0, [], false]);
});

it('a loop over the calls reaches each of them, also where it ends them', () => {
  const calls = new PendingCalls();
  const ended: number[] = [];
  for (const id of [1, 2, 3]) {
    const abort = (): void => {
      calls.delete(id);
      ended.push(id);
    };
    calls.add(id, { abort });
  }
  for (const each of calls.values()) each.abort('shutdown');
  expect([ended, calls.size]).toEqual([[1, 2, 3], 0]);
});
