import { rateLimitHeaders } from './rate-limit-headers.js';

const LIMIT = { count: 600, periodMs: 60_000 };
const refused = { allowed: false, remaining: 0, retryAfterMs: 1_001, resetMs: 60_000 };

describe('rateLimitHeaders', () => {
  it('counts in whole seconds, rounded up, and ends the window with Retry-After', () =>
    expect(rateLimitHeaders('calls', LIMIT, refused)).toEqual({
      'Retry-After': '2',
      'RateLimit-Policy': '"calls";q=600;w=60',
      RateLimit: '"calls";r=0;t=2',
    }));

  it('never names 0 seconds', () =>
    expect(rateLimitHeaders('calls', LIMIT, { ...refused, retryAfterMs: 1 })['Retry-After']).toBe('1'));

  it('names no time where waiting does not help', () =>
    expect(
      rateLimitHeaders('calls', LIMIT, {
        ...refused,
        remaining: 599,
        retryAfterMs: Number.POSITIVE_INFINITY,
        resetMs: 100,
      }),
    ).toEqual({ 'RateLimit-Policy': '"calls";q=600;w=60', RateLimit: '"calls";r=599;t=1' }));
});
