import { ConfigurationError, loadSettings, type EnvironmentVariables } from './index.js';

const SECRET = 'M8sZ0w1vYk3qTn5bXr7uLd9eHg2jCf4a';
const PUBLIC_URL = 'https://mcp.example.com/base';
const ISSUER = 'https://id.example.com';
const PRODUCTION = { NODE_ENV: 'production', PUBLIC_URL };

const load = (entries: readonly object[], env: EnvironmentVariables = {}) =>
  loadSettings(
    { ...PRODUCTION, AUTH_ISSUERS: JSON.stringify(entries), ...env },
    { directory: import.meta.dirname },
  ).auth;

function reasonOf(entries: readonly object[], env: EnvironmentVariables = {}): string {
  try {
    load(entries, env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
  }
  throw new Error('expected a ConfigurationError');
}

describe('external issuers', () => {
  it('have defaults: this server as the audience, strict types, asymmetric algorithms', () =>
    expect(load([{ issuer: ISSUER }]).externalIssuers).toEqual([
      {
        issuer: ISSUER,
        jwksUri: undefined,
        audiences: [PUBLIC_URL, `${PUBLIC_URL}/mcp`, `${PUBLIC_URL}/sse`],
        algorithms: ['ES256', 'RS256', 'PS256', 'EdDSA'],
        types: ['at+jwt'],
        claims: {
          subject: ['sub'],
          scopes: ['scope', 'scp'],
          roles: ['roles'],
          clientId: ['client_id', 'azp'],
          jti: ['jti'],
          extra: [],
        },
        clockToleranceSeconds: 30,
        scopes: undefined,
        administers: 'own',
      },
    ]));

  it('may set their own clock tolerance, ceiling of scopes and administrators', () => {
    const clocks = ['2m', '0s', 7].map((clockTolerance, at) => ({ issuer: ISSUER + at, clockTolerance }));
    expect(load(clocks).externalIssuers.map((one) => one.clockToleranceSeconds)).toEqual([120, 0, 7]);
    const terms = { scopes: ['mcp:access'], administers: 'all' };
    expect(load([{ issuer: ISSUER, ...terms }]).externalIssuers).toMatchObject([terms]);
  });

  it.each([
    [{ clockTolerance: '11m' }, 'clockTolerance must be a duration such as 30s, from 0s to 10m'],
    [{ clockTolerance: -1 }, 'clockTolerance must be a duration'],
    [{ clockTolerance: null }, 'clockTolerance must be a duration'],
    [{ scopes: 'mcp:access' }, 'scopes must be a list of scopes'],
    [{ scopes: ['a b'] }, 'scopes must be a list of scopes'],
    [{ administers: 'everyone' }, 'administers must be own or all'],
  ])('%j is refused', (terms, reason) => expect(reasonOf([{ issuer: ISSUER, ...terms }])).toContain(reason));

  it.each([
    [{ preset: 'keycloak' }, { types: ['JWT', 'at+jwt'], roles: ['realm_access.roles'] }],
    [
      { preset: 'auth0', issuer: `${ISSUER}/` },
      { types: ['at+jwt', 'JWT'], roles: ['roles'] },
    ],
    [
      { preset: 'entra', audience: 'app' },
      { types: ['JWT'], scopes: ['scp'], jti: ['uti'], clientId: ['azp', 'appid'], algorithms: ['RS256'] },
    ],
    [
      { preset: 'keycloak', types: ['at+jwt'], claims: { roles: 'r' } },
      { types: ['at+jwt'], roles: ['r'] },
    ],
  ])('are filled in as %j says', (entry, expected) => {
    const [{ claims, ...issuer }] = load([{ issuer: ISSUER, ...entry }]).externalIssuers as [
      ReturnType<typeof load>['externalIssuers'][number],
    ];
    expect({ ...issuer, ...claims }).toMatchObject(expected);
  });

  it('make the secret optional in production, and leave it out then', () => {
    expect(load([{ issuer: ISSUER }]).secret).toBeUndefined();
    expect(load([{ issuer: ISSUER }], { JWT_SECRET: SECRET }).secret).toBe(SECRET);
    expect(reasonOf([], {})).toContain('AUTH_ISSUERS must list at least one issuer');
    expect(reasonOf([{ issuer: ISSUER }], { JWT_SECRET: 'short' })).toContain('JWT_SECRET must be at least');
  });

  it.each([PUBLIC_URL, `${PUBLIC_URL}/`])('are not the one of HS256 tokens: %s', (issuer) => {
    const reason = 'AUTH_ISSUERS must not list the issuer of HS256 tokens';
    expect(reasonOf([{ issuer }], { JWT_SECRET: SECRET })).toContain(reason);
    expect(reasonOf([{ issuer: ISSUER }], { JWT_SECRET: SECRET, JWT_ISSUER: ISSUER })).toContain(reason);
    expect(load([{ issuer }], { JWT_SECRET: SECRET, JWT_ISSUER: ISSUER }).externalIssuers).toHaveLength(1);
    // Without a secret the server's own issuer does not exist.
    expect(load([{ issuer }]).externalIssuers).toHaveLength(1);
  });

  it('are named by their index when one is wrong', () =>
    expect(reasonOf([{ issuer: ISSUER }, { issuer: 'http://id.example.com' }])).toMatch(
      /AUTH_ISSUERS issuer must be an https URL .* \(entry 2\)\n.*for example: AUTH_ISSUERS=\[/,
    ));
});
