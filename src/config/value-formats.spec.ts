import { z } from 'zod';
import { byteSize, duration, flag, list, oneOf, rateLimit, wholeNumber } from './value-formats.js';

describe('duration', () => {
  const format = duration('100ms', '30d');

  it.each([
    ['100ms', 100],
    ['15s', 15_000],
    ['30m', 1_800_000],
    ['12h', 43_200_000],
    ['30d', 2_592_000_000],
  ])('reads %s as %d ms', (text, expected) => expect(format.parse(text)).toBe(expected));

  it.each(['', '15', '15 s', '15S', '1.5h', '-1s', '1e3s', '99ms', '0s', '31d', '1h30m', '5w'])(
    'refuses %j',
    (text) => expect(format.safeParse(text).success).toBe(false),
  );

  it('may begin at zero', () => expect(duration('0s', '1m').parse('0s')).toBe(0));
});

describe('byteSize', () => {
  const format = byteSize('1kb', '64mb');

  it.each([
    ['512kb', 524_288],
    ['4mb', 4_194_304],
    ['4MB', 4_194_304],
    ['2048', 2_048],
    ['2048b', 2_048],
  ])('reads %s as %d bytes', (text, expected) => expect(format.parse(text)).toBe(expected));

  it.each(['', '4 mb', '4gb', '1.5mb', '-4mb', '0', '1023', '65mb'])('refuses %j', (text) =>
    expect(format.safeParse(text).success).toBe(false),
  );
});

describe('wholeNumber', () => {
  it.each(['1', '10'])('keeps both ends: %s', (text) =>
    expect(wholeNumber(1, 10).parse(text)).toBe(Number(text)),
  );

  it.each(['', '0', '11', '1.5', '0x5', ' 5', '-1', '1e1', 'NaN'])('refuses %j', (text) =>
    expect(wholeNumber(1, 10).safeParse(text).success).toBe(false),
  );
});

describe('flag', () => {
  it('reads true and false', () => expect([flag.parse('true'), flag.parse('false')]).toEqual([true, false]));

  it.each(['1', '0', 'yes', 'on', 'TRUE', 'False', ''])('refuses %j', (text) =>
    expect(flag.safeParse(text).success).toBe(false),
  );
});

describe('oneOf', () => {
  it('reads a choice', () => expect(oneOf(['info', 'debug']).parse('debug')).toBe('debug'));

  it('names the choices when it refuses', () =>
    expect(oneOf(['info', 'debug']).safeParse('Debug').error?.issues[0]?.message).toBe(
      'must be one of info, debug',
    ));
});

describe('rateLimit', () => {
  it('reads a limit, and off', () =>
    expect([rateLimit.parse('5/10s'), rateLimit.parse('off')]).toEqual([
      { count: 5, periodMs: 10_000 },
      undefined,
    ]));

  it.each(['', '0', 'on', 'OFF', '600', '600/m', '0/1m'])('refuses %j, and says what it takes', (text) =>
    expect(rateLimit.safeParse(text).error?.issues[0]?.message).toBe(
      'must be off, or a count and a period such as 600/1m, up to 1000000 in 1s to 1d',
    ),
  );
});

describe('list', () => {
  const format = list(z.string().min(1));

  it('splits at commas and takes blanks off', () => expect(format.parse('a, b ,c')).toEqual(['a', 'b', 'c']));

  it('says which entry is wrong', () => expect(format.safeParse('a,,c').error?.issues[0]?.path).toEqual([1]));
});
