import { encodeError, encodeResult, shortened, wellFormedJson } from './json-rpc.js';

describe('encoding', () => {
  it('puts a serialized result into the response', () => {
    expect(JSON.parse(encodeResult('a"b', '{"x":[1]}').toString())).toEqual({
      jsonrpc: '2.0',
      id: 'a"b',
      result: { x: [1] },
    });
  });

  it('uses a null id where there was none', () => {
    expect(JSON.parse(encodeError(null, -32700, 'no'))).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32700, message: 'no' },
    });
  });
});

describe('wellFormedJson', () => {
  it.each<[unknown, unknown]>([
    ['half \ud83d', 'half \ufffd'],
    ['\udc4d other half', '\ufffd other half'],
    ['\udc4d\ud83d swapped', '\ufffd\ufffd swapped'],
    [{ '\ud83d': ['\ud83d'] }, { '\ufffd': ['\ufffd'] }],
    ['whole \ud83d\udc4d', 'whole \ud83d\udc4d'],
    [String.raw`C:\ud83d`, String.raw`C:\ud83d`],
    ['\\\ud83d', '\\\ufffd'],
    [String.raw`\\ud83d\udrive` + '\ud83d', String.raw`\\ud83d\udrive` + '\ufffd'],
    ['\ud7ff \ue000 \ufffd', '\ud7ff \ue000 \ufffd'],
  ])('%j', (value, sent) => {
    expect(JSON.parse(wellFormedJson(JSON.stringify(value)))).toEqual(sent);
  });
});

describe('shortened', () => {
  it.each([
    ['ab', 2, 'ab'],
    ['abc', 2, 'ab'],
    ['a👍', 2, 'a'],
    ['a👍', 3, 'a👍'],
    ['👍👍', 3, '👍'],
    ['a\ud83d', 2, 'a\ufffd'],
    ['a\ud83db', 2, 'a\ufffd'],
    ['👍', 1, ''],
  ])('%j at %d', (text, length, cut) => {
    expect(shortened(text, length)).toBe(cut);
  });
});
