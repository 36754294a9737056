import { createHmac, hkdfSync } from 'node:crypto';
import { ArgumentDigest } from './argument.digest.js';

const SECRET = 'M8sZ0w1vYk3qTn5bXr7uLd9eHg2jCf4a';

describe('ArgumentDigest', () => {
  const digest = new ArgumentDigest(SECRET);

  it('is computed as docs/audit.md describes', () => {
    const key = Buffer.from(hkdfSync('sha256', SECRET, '', 'mcp audit: digest of arguments, 1', 32));
    const expected = createHmac('sha256', key).update('{"a":1,"b":["x",null]}').digest('base64url');
    expect(digest.of({ b: ['x', null], a: 1 })).toBe(expected);
  });

  // RFC 8785, section 3.2.
  it.each([
    ['the order of keys', { a: { c: 1, b: 2 }, d: 3 }, { d: 3, a: { b: 2, c: 1 } }],
    ['how a number is written', JSON.parse('{"n":1.0e2}'), JSON.parse('{"n":100}')],
    ['how a text is escaped', JSON.parse('"\\u00e9\\/"'), 'é/'],
  ])('does not depend on %s', (_what, one, other) => expect(digest.of(one)).toBe(digest.of(other)));

  it.each([
    ['the order of a list', [1, 2], [2, 1]],
    ['types', { a: 1 }, { a: '1' }],
    ['null from nothing', { a: null }, {}],
    ['an argument called __proto__', JSON.parse('{"__proto__":1}'), {}],
    ['half of a surrogate pair', '\ud800', '\ud801'],
  ])('distinguishes %s', (_what, one, other) => expect(digest.of(one)).not.toBe(digest.of(other)));

  it('is equal on every node with the secret, and different without', () => {
    expect(new ArgumentDigest(SECRET).of('x')).toBe(digest.of('x'));
    expect(new ArgumentDigest(`${SECRET}!`).of('x')).not.toBe(digest.of('x'));
    expect(new ArgumentDigest(undefined).of('x')).not.toBe(new ArgumentDigest(undefined).of('x'));
  });

  it('covers the beginning and the length of a long text, and says so', () => {
    const long = 'x'.repeat(100_000);
    expect(digest.of(long)).toMatch(/^partly:/);
    expect(digest.of(long)).toBe(digest.of(`${long.slice(1)}y`));
    expect(digest.of(long)).not.toBe(digest.of(`${long}x`));
    expect(digest.of(long)).not.toBe(digest.of(`y${long.slice(1)}`));
  });
});
