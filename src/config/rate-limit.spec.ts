import { readRateLimit } from './rate-limit.js';

describe('readRateLimit', () => {
  it.each([
    ['600/1m', 600, 60_000],
    ['1/1s', 1, 1_000],
    ['1000000/1d', 1_000_000, 86_400_000],
    ['100/24h', 100, 86_400_000],
    ['5/90s', 5, 90_000],
  ])('reads %s', (text, count, periodMs) => expect(readRateLimit(text)).toEqual({ count, periodMs }));

  it.each([
    '',
    'off',
    '600',
    '600/m',
    '600/60',
    '600 / 1m',
    '0/1m',
    '-1/1m',
    '1.5/1m',
    '1e3/1m',
    '1000001/1m',
    '600/0s',
    '600/500ms',
    '600/2d',
    '600/25h',
    '600/1w',
    '600/1m/1m',
    '600/1M',
    '600/1m\n',
  ])('refuses %j', (text) => expect(readRateLimit(text)).toBeUndefined());
});
