import type { McpModuleOptions } from '../mcp.options.js';
import { InFlightBudgets } from './in-flight.budgets.js';

const MB = 2 ** 20;
const make = (bytesInFlight = 10 * MB, callsInFlight = 2): InFlightBudgets =>
  new InFlightBudgets({ bytesInFlight, callsInFlight } as McpModuleOptions);
const overUser = (what: string) => expect.objectContaining({ whose: 'user', what }) as Error;

describe('bytes in flight', () => {
  it('are held per user, up to the limit of one user', () => {
    const budgets = make();
    budgets.hold('alice', 6 * MB);
    expect(() => budgets.hold('alice', 5 * MB)).toThrow(overUser('bytes'));
    budgets.hold('bob', 10 * MB);
    expect([budgets.bytesOf('alice'), budgets.bytesOf('bob'), budgets.size]).toEqual([
      6 * MB,
      10 * MB,
      16 * MB,
    ]);
  });

  it('grow and shrink; a refused growth changes nothing', () => {
    const budgets = make();
    const hold = budgets.hold('alice', 2 * MB);
    hold.resize(9 * MB);
    expect(() => hold.resize(11 * MB)).toThrow(overUser('bytes'));
    expect([hold.bytes, budgets.size]).toEqual([9 * MB, 9 * MB]);
    hold.resize(MB);
    expect(budgets.bytesOf('alice')).toBe(MB);
  });

  it('are released once, however often release is called', () => {
    const budgets = make();
    const first = budgets.hold('alice', 4 * MB);
    budgets.hold('alice', 3 * MB);
    first.release();
    first.release();
    expect(budgets.size).toBe(3 * MB);
  });

  it('of all users together are bounded by the heap: 503 rather than 429', () => {
    const budgets = make(2 ** 45);
    const share = (): unknown => {
      for (let user = 0; user < 10_000; user += 1) budgets.hold(`user-${user}`, 100 * MB);
      return undefined;
    };
    expect(share).toThrow(expect.objectContaining({ whose: 'server', what: 'bytes' }) as Error);
    expect(() => budgets.hold('one-more', 1)).not.toThrow();
  });

  it('of one user are at most a twelfth of the heap, whatever is set', () => {
    expect(() => make(2 ** 45).hold('alice', 2 ** 44)).toThrow(overUser('bytes'));
  });
});

describe('a reclaimable hold', () => {
  it('makes room for others, its own user’s first', () => {
    const budgets = make();
    const lost: string[] = [];
    const first = budgets.hold('alice', 4 * MB, () => lost.push('first'));
    budgets.hold('alice', 4 * MB, () => lost.push('second'));
    budgets.hold('bob', 4 * MB, () => lost.push('bob'));
    budgets.hold('alice', 5 * MB);
    expect([lost, first.bytes, budgets.bytesOf('alice')]).toEqual([['first'], 0, 9 * MB]);
    first.resize(3 * MB);
    expect([lost, budgets.bytesOf('alice')]).toEqual([['first', 'second'], 8 * MB]);
    expect(() => first.resize(6 * MB)).toThrow(overUser('bytes'));
    expect(budgets.bytesOf('bob')).toBe(4 * MB);
  });

  it('is not held again after its release', () => {
    const budgets = make();
    const hold = budgets.hold('alice', MB);
    hold.release();
    hold.resize(2 * MB);
    expect([budgets.size, budgets.users]).toEqual([0, 0]);
  });
});

describe('calls in flight', () => {
  it('are counted per user', () => {
    const budgets = make();
    const begin = (user: string) => {
      const hold = budgets.hold(user, 0);
      hold.beginCalls(1);
      return hold;
    };
    const first = begin('alice');
    begin('alice');
    expect(() => begin('alice')).toThrow(overUser('calls'));
    begin('bob');
    first.endCalls();
    first.endCalls();
    begin('alice');
    expect(() => begin('alice')).toThrow(overUser('calls'));
  });
});

it('forgets a user for whom nothing is held', () => {
  const budgets = make();
  const hold = budgets.hold('alice', MB);
  hold.beginCalls(1);
  expect(() => budgets.hold('bob', 11 * MB)).toThrow(overUser('bytes'));
  hold.release();
  expect(budgets.users).toBe(1);
  hold.endCalls();
  expect(budgets.users).toBe(0);
});

it('keeps at most a thousand accounts of users who hold nothing', () => {
  const budgets = make();
  const holds = Array.from({ length: 1_500 }, (_, user) => budgets.hold(String(user), 1));
  for (const hold of holds) hold.beginCalls(1);
  expect([budgets.users, budgets.accounts.size]).toEqual([1_500, 1_500]);
  for (const hold of holds) {
    hold.release();
    hold.endCalls();
  }
  expect([budgets.users, budgets.accounts.size]).toEqual([0, 1_000]);
});
