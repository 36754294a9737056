import { unknownProblems } from './unknown-settings.js';

describe('unknownProblems', () => {
  it.each([
    ['JWT_SECRT', 'JWT_SECRET'],
    ['JWT_AUDIANCE', 'JWT_AUDIENCE'],
    ['SESSION_PER_PRINCIPAL', 'SESSIONS_PER_PRINCIPAL'],
    ['AUTH_DEV_TOKEN', 'AUTH_DEV_TOKENS'],
    ['RATE_LIMITS', 'RATE_LIMIT'],
    ['SESSION_IDLING', 'SESSION_IDLE'],
  ])('takes %s for %s', (name, meant) => {
    const [problem] = unknownProblems({ [name]: 'hidden' });
    expect(problem).toMatchObject({
      name,
      reason: `is not a setting of this server; did you mean ${meant}?`,
    });
    expect(problem?.example).toMatch(new RegExp(`^${meant}=.`));
  });

  it.each(['AUTH_PROVIDER_CERTIFICATE', 'SESSION_STORAGE_BACKEND', 'RATE_LIMITER_STORE'])(
    'suggests nothing for %s',
    (name) =>
      expect(unknownProblems({ [name]: 'hidden' })).toEqual([
        { name, reason: 'is not a setting of this server', example: `unset ${name}` },
      ]),
  );

  it('leaves alone what is known, what is not ours, and what a Linux desktop sets', () =>
    expect(
      unknownProblems({ JWT_SECRET: '', RATE_LIMIT: 'off', PATH: '', MY_AUTH_X: '', SESSION_MANAGER: '' }),
    ).toEqual([]));
});
