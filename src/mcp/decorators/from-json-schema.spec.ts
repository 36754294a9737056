import { fromJsonSchema } from './from-json-schema.js';

/** An array of `items` without duplicates. */
const unique = fromJsonSchema<unknown[]>({ type: 'array', uniqueItems: true })['~standard'];

// These took seconds once, during which the event loop was blocked.
describe('fromJsonSchema in linear time', () => {
  it('finds duplicates among many objects', () => {
    const items = Array.from({ length: 20_000 }, (_, number) => ({ number, nested: { a: 1, b: [number] } }));
    expect(unique.validate(items)).toEqual({ value: items });
    const again = { nested: { b: [7], a: 1 }, number: 7 };
    expect(unique.validate([...items, again])).toMatchObject({
      issues: [{ path: [], message: 'must NOT have duplicate items' }],
    });
  });

  it.each([
    [[1, '1', true, 'true', null, 'null'], true],
    [[{ a: 1 }, { a: '1' }], true],
    [[[1], '[1]'], true],
    [
      [
        [1, 2],
        [2, 1],
      ],
      true,
    ],
    [[1, 1], false],
    [[null, null], false],
    [[{}, {}], false],
  ])('treats %j as different: %s', (items, isValid) => {
    expect('value' in (unique.validate(items) as object)).toBe(isValid);
  });

  it('reads long URLs', () => {
    const { validate } = fromJsonSchema<string>({ type: 'string', format: 'url' })['~standard'];
    const long = `http://${'a.'.repeat(39_000)} `;
    expect(validate(long)).toMatchObject({ issues: [{ message: 'must match format "url"' }] });
    expect(validate('https://example.com/a?b#c')).toEqual({ value: 'https://example.com/a?b#c' });
    for (const wrong of ['example.com', 'mailto:a@example.com', 'http:example.com', 'http://a b']) {
      expect(validate(wrong)).toHaveProperty('issues');
    }
  });

  it('reports the first of many issues, and all of a few', () => {
    const { validate } = fromJsonSchema<number[]>({ type: 'array', items: { type: 'number' } })['~standard'];
    expect(validate(Array(24_000).fill('x'))).toEqual({
      issues: [{ path: ['0'], message: 'must be number' }],
    });
    expect(validate(['x', 'x', 'x'])).toMatchObject({
      issues: [{ path: ['0'] }, { path: ['1'] }, { path: ['2'] }],
    });
  });

  it('checks the length of a string before its pattern', () => {
    const pattern = String.raw`^(\w+\s?)*$`;
    const { validate } = fromJsonSchema<string>({ type: 'string', maxLength: 20, pattern })['~standard'];
    expect(validate(`${'a'.repeat(2_000)}!`)).toMatchObject({
      issues: [{ message: 'must NOT have more than 20 characters' }],
    });
  });
});
