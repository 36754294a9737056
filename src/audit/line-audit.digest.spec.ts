import { createHmac, hkdfSync } from 'node:crypto';
import { argumentDigest } from './line-audit.trail.js';

const SECRET = 'M8sZ0w1vYk3qTn5bXr7uLd9eHg2jCf4a';

describe('argumentDigest', () => {
  const digest = argumentDigest(SECRET);

  it('is computed as docs/audit.md describes', () => {
    const key = Buffer.from(hkdfSync('sha256', SECRET, '', 'mcp audit: digest of arguments, 1', 32));
    const expected = createHmac('sha256', key).update('{"a":1,"b":["x",null]}').digest('base64url');
    expect(digest({ b: ['x', null], a: 1 })).toBe(expected);
  });

  // RFC 8785, section 3.2.
  it.each([
    ['the order of keys', { a: { c: 1, b: 2 }, d: 3 }, { d: 3, a: { b: 2, c: 1 } }],
    ['how a number is written', JSON.parse('{"n":1.0e2}'), JSON.parse('{"n":100}')],
    ['how a text is escaped', JSON.parse('"\\u00e9\\/"'), 'é/'],
  ])('does not depend on %s', (_what, one, other) => expect(digest(one)).toBe(digest(other)));

  it.each([
    ['the order of a list', [1, 2], [2, 1]],
    ['types', { a: 1 }, { a: '1' }],
    ['null from nothing', { a: null }, {}],
    ['an argument called __proto__', JSON.parse('{"__proto__":1}'), {}],
    ['half of a surrogate pair', '\ud800', '\ud801'],
  ])('distinguishes %s', (_what, one, other) => expect(digest(one)).not.toBe(digest(other)));

  it('is equal on every node with the secret, and different without', () => {
    expect(argumentDigest(SECRET)('x')).toBe(digest('x'));
    expect(argumentDigest(`${SECRET}!`)('x')).not.toBe(digest('x'));
    expect(argumentDigest(undefined)('x')).not.toBe(argumentDigest(undefined)('x'));
  });

  it('covers the beginning and the length of a long text, and says so', () => {
    const long = 'x'.repeat(100_000);
    expect(digest(long)).toMatch(/^partly:/);
    expect(digest(long)).toBe(digest(`${long.slice(1)}y`));
    expect(digest(long)).not.toBe(digest(`${long}x`));
    expect(digest(long)).not.toBe(digest(`y${long.slice(1)}`));
  });
});
