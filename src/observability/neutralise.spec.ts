import { neutralise, neutraliseFields } from './neutralise.js';

describe('neutralise', () => {
  it.each([
    ['plain text ✓ äöü 日本', 'plain text ✓ äöü 日本'],
    ['a\r\nlevel=error forged', 'a\\u000d\\u000alevel=error forged'],
    ['\u001b[31mred', '\\u001b[31mred'],
    ['\u009b31m', '\\u009b31m'],
    ['a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
    ['\u202egnp.exe', '\\u202egnp.exe'],
    ['\u0000\u007f', '\\u0000\\u007f'],
  ])('%j', (text, safe) => {
    expect(neutralise(text)).toBe(safe);
  });

  it('reaches every text of a line, and leaves the rest as it is', () => {
    const error = new Error('kept for its serializer');
    expect(
      neutraliseFields({ a: 'x\ny', n: 1, list: ['\u001b', { deep: '\r' }], err: error, none: undefined }),
    ).toEqual({
      a: 'x\\u000ay',
      n: 1,
      list: ['\\u001b', { deep: '\\u000d' }],
      err: error,
      none: undefined,
    });
  });

  it('leaves out what its name says is secret', () => {
    expect(
      neutraliseFields({ Authorization: 'Bearer x', req: { headers: { cookie: 'y' } }, tokens: 2 }),
    ).toEqual({
      Authorization: '[redacted]',
      req: { headers: { cookie: '[redacted]' } },
      tokens: 2,
    });
  });
});
