import { randomBytes } from 'node:crypto';
import { DEVELOPMENT_ISSUER } from './development-issuer.js';
import { EXAMPLE_SECRET, issuer, jwtSecret, productionJwtSecret, roleScopes } from './token-formats.js';

describe('jwtSecret', () => {
  it.each(['x', 'your-secret-key', 'é', ' '])('is any in development: %j', (secret) =>
    expect(jwtSecret.parse(secret)).toBe(secret),
  );
});

describe('productionJwtSecret', () => {
  it('counts bytes, not characters', () => {
    const secret = 'K0é3Vü9sQx1ñ7bTzLm5w';
    expect(productionJwtSecret.safeParse(`${secret}123456789`).success).toBe(true);
    expect(productionJwtSecret.safeParse(`${secret}12345678`).success).toBe(false);
  });

  it.each(['base64', 'base64url', 'hex'] as const)('reads a random secret in %s', (encoding) => {
    const secret = randomBytes(48).toString(encoding);
    expect(productionJwtSecret.parse(secret)).toBe(secret);
  });

  it.each([
    'please-change-me-before-going-to-production',
    'PLEASE_CHANGEME_BEFORE_GOING_TO_PRODUCTION',
    'secretsecretsecretsecretsecretsecret',
    'secret-secret-secret-secret-secret-secret',
    'this-is-only-an-example-for-the-manual-0',
    'a-placeholder-that-was-never-replaced-00',
    'your-secret-key-which-is-long-enough-000',
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    '0123456789abcdef0123456789abcdef',
    EXAMPLE_SECRET,
  ])('refuses the placeholder %s', (secret) => {
    expect(jwtSecret.safeParse(secret).success).toBe(true);
    expect(productionJwtSecret.safeParse(secret).success).toBe(false);
  });
});

describe('issuer', () => {
  it('reads any other issuer', () => expect(issuer.parse('urn:company:login')).toBe('urn:company:login'));

  it.each([DEVELOPMENT_ISSUER, 'with blank', ' ', '*', 'https://*.example.com'])('refuses %j', (text) =>
    expect(issuer.safeParse(text).success).toBe(false),
  );
});

describe('roleScopes', () => {
  it('reads roles', () =>
    expect({ ...roleScopes.parse('{"admin":["mcp:access","mcp:admin"],"guest":[]}') }).toEqual({
      admin: ['mcp:access', 'mcp:admin'],
      guest: [],
    }));

  it('finds nothing under the names that every object inherits', () => {
    const roles = roleScopes.parse('{"admin":["mcp:access"]}');
    expect([roles['constructor'], roles['__proto__'], roles['toString']]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('keeps a role called __proto__ a role like any other', () => {
    const roles = roleScopes.parse('{"__proto__":["mcp:access"]}');
    expect(Object.keys(roles)).toEqual(['__proto__']);
    expect(roles['mcp:access']).toBeUndefined();
  });

  it.each([
    'admin',
    '[]',
    'null',
    '"admin"',
    '{"admin":"mcp:access"}',
    '{"admin":["mcp:access mcp:admin"]}',
    '{"admin":[""]}',
    '{"admin":[1]}',
    '{"admin":["a\\"b"]}',
    '{"admin":["a\\\\b"]}',
    '{"admin":["é"]}',
    '{"":["mcp:access"]}',
  ])('refuses %s', (text) => expect(roleScopes.safeParse(text).success).toBe(false));
});
