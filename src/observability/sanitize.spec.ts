import { escapeInvisible } from '../lines/index.js';
import { sanitizeFields } from './sanitize.js';

describe('the texts of a log line', () => {
  it.each([
    ['plain text ✓ äöü 日本', 'plain text ✓ äöü 日本'],
    ['a\r\nlevel=error forged', 'a\\u000d\\u000alevel=error forged'],
    ['\u001b[31mred', '\\u001b[31mred'],
    ['\u009b31m', '\\u009b31m'],
    ['a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
    ['\u202egnp.exe', '\\u202egnp.exe'],
    ['\u0000\u007f', '\\u0000\\u007f'],
    ['\u061c', '\\u061c'],
    ['a\u00adb\u200b\u200d\u2060\ufeff', 'a\\u00adb\\u200b\\u200d\\u2060\\ufeff'],
    ['\u115f\u3164\ufe0f', '\\u115f\\u3164\\ufe0f'],
    ['\u{e0041}', '\\udb40\\udc41'],
    ['\ud800', '\\ud800'],
  ])('%j', (text, safe) => {
    expect(escapeInvisible(text)).toBe(safe);
  });

  it('reaches every text of a line, and leaves the rest as it is', () => {
    const error = new Error('kept for its serializer');
    expect(
      sanitizeFields({ a: 'x\ny', n: 1, list: ['\u001b', { deep: '\r' }], err: error, none: undefined }),
    ).toEqual({
      a: 'x\\u000ay',
      n: 1,
      list: ['\\u001b', { deep: '\\u000d' }],
      err: error,
      none: undefined,
    });
  });

  it('reaches names, and leaves out what lies too deep to be looked at', () => {
    expect(sanitizeFields({ 'a\nb': 1, a: { b: { c: { d: { e: { f: '\n' } } } } } })).toEqual({
      'a\\u000ab': 1,
      a: { b: { c: { d: { e: '[too deep]' } } } },
    });
  });

  it('leaves out what its name says is secret', () => {
    expect(
      sanitizeFields({ Authorization: 'Bearer x', req: { headers: { cookie: 'y' } }, tokens: 2 }),
    ).toEqual({
      Authorization: '[redacted]',
      req: { headers: { cookie: '[redacted]' } },
      tokens: 2,
    });
  });
});
