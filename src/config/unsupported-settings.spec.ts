import { unsupportedProblems } from './unsupported-settings.js';

describe('unsupportedProblems', () => {
  it.each([
    ['OAUTH_SERVER', 'on'],
    ['MANAGEMENT_PORT', '9464'],
  ])('refuses %s=%s', (name, value) =>
    expect(unsupportedProblems({ [name]: value })).toEqual([
      {
        name,
        reason: `is set, but this version does not support ${name} yet; unset it`,
        example: `unset ${name}`,
      },
    ]),
  );

  it('accepts the values that ask for nothing', () =>
    expect(
      unsupportedProblems({
        OAUTH_SERVER: 'off',
      }),
    ).toEqual([]));
});
