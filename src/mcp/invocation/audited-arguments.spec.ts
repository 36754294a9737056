import { picked, without } from './audited-arguments.js';

const ARGS = {
  user: 'alice',
  password: 'hunter2',
  card: { number: '4111', kind: 'visa', owner: { name: 'A' } },
  items: [{ id: 1, note: 'x' }, { id: 2 }, 'bare'],
};
const paths = (...texts: string[]) => texts.map((text) => text.split('.'));

describe('without', () => {
  it('leaves out the values at the paths, also in each element of a list', () => {
    expect(without(ARGS, paths('password', 'card.number', 'card.owner.name', 'items.note'))).toEqual({
      user: 'alice',
      card: { kind: 'visa', owner: {} },
      items: [{ id: 1 }, { id: 2 }, 'bare'],
    });
  });

  it('ignores paths without a value, and does not change its argument', () => {
    const before = structuredClone(ARGS);
    expect(without(ARGS, paths('none', 'user.none', 'card.none.x', 'toString', 'items.none'))).toEqual(ARGS);
    without(ARGS, paths('card', 'items.id'));
    expect(ARGS).toEqual(before);
  });

  it('reaches an argument called __proto__, and keeps one', () => {
    const hostile: unknown = JSON.parse('{"__proto__":{"a":1,"b":2},"c":3}');
    expect(JSON.stringify(without(hostile, paths('__proto__.a')))).toBe('{"__proto__":{"b":2},"c":3}');
    expect(JSON.stringify(without(hostile, paths('c')))).toBe('{"__proto__":{"a":1,"b":2}}');
  });

  it.each([undefined, null, 5, 'text'])('leaves %p as it is', (value) =>
    expect(without(value, paths('a.b'))).toBe(value),
  );
});

describe('picked', () => {
  it('has plain values by path, and lists of them', () => {
    expect(picked(ARGS, paths('user', 'card.kind', 'items.id'))).toEqual({
      user: 'alice',
      'card.kind': 'visa',
      'items.id': [1, 2],
    });
  });

  it('has no objects, no missing values, and nothing inherited', () => {
    expect(
      picked(ARGS, paths('card', 'none', 'user.length', 'toString', 'constructor.name')),
    ).toBeUndefined();
  });

  it('cuts what is long', () => {
    const long = { text: 'x'.repeat(10_000), list: Array.from({ length: 100 }, (_, at) => at) };
    const { text, list } = picked(long, paths('text', 'list')) as { text: string; list: unknown[] };
    expect([text.length, list.length]).toEqual([257, 16]);
  });
});
