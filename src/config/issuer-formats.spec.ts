import { DEVELOPMENT_ISSUER } from './development-issuer.js';
import { issuers } from './issuer-formats.js';

const ISSUER = 'https://id.example.com';
const read = (entry: unknown) => issuers.safeParse(JSON.stringify([entry]));
const reasonsOf = (text: string) => issuers.safeParse(text).error?.issues.map(({ message }) => message) ?? [];

describe('issuers', () => {
  it('reads an entry, and a list of one from a text', () =>
    expect(
      read({
        issuer: `${ISSUER}/tenant`,
        preset: 'keycloak',
        jwksUri: `${ISSUER}/keys?p=1`,
        audience: 'https://mcp.example.com/mcp',
        algorithms: ['ES384', 'EdDSA'],
        types: ['JWT', ''],
        claims: { roles: ['realm_access.roles', 'resource_access.mcp.roles'], subject: 'oid' },
      }).data,
    ).toEqual([
      {
        issuer: `${ISSUER}/tenant`,
        preset: 'keycloak',
        jwksUri: `${ISSUER}/keys?p=1`,
        audience: ['https://mcp.example.com/mcp'],
        algorithms: ['ES384', 'EdDSA'],
        types: ['JWT', ''],
        claims: { roles: ['realm_access.roles', 'resource_access.mcp.roles'], subject: ['oid'] },
      },
    ]));

  it.each(['http://127.0.0.1:8080/realms/x', 'http://localhost', 'http://[::1]:1', 'https://10.0.0.1'])(
    'may be %s',
    (issuer) => expect(read({ issuer, jwksUri: issuer }).success).toBe(true),
  );

  it.each([
    undefined,
    5,
    '',
    'id.example.com',
    'urn:company:login',
    'http://id.example.com',
    'http://localhost.example.com',
    'ftp://id.example.com',
    'https://*.example.com',
    'https://user@id.example.com',
    'https://:pass@id.example.com',
    'https://id.example.com#',
    'https://id.example.com/#x',
    'https://id.example.com ',
    `https://id.example.com/${'x'.repeat(1024)}`,
  ])('refuses %j as issuer and as jwksUri', (url) => {
    expect(read({ issuer: url }).success).toBe(false);
    expect(read({ issuer: ISSUER, jwksUri: url ?? null }).success).toBe(false);
  });

  it.each([
    ['no JSON', 'https://id.example.com', 'must be a JSON list of issuers'],
    ['an object', '{}', 'must be a JSON list of issuers'],
    ['no entry', '[]', 'must list at least one issuer'],
    [
      'too many',
      JSON.stringify(Array.from({ length: 17 }, (_, n) => ({ issuer: `${ISSUER}/${n}` }))),
      'must list at most 16',
    ],
    ['a text', '["https://id.example.com"]', 'each must be an object with no keys but issuer, preset'],
    ['null', '[null]', 'each must be an object with no keys but'],
    ['the same twice', `[{"issuer":"${ISSUER}"},{"issuer":"${ISSUER}/"}]`, 'must not list an issuer twice'],
  ])('refuses %s', (_what, text, reason) => expect(reasonsOf(text).join()).toContain(reason));

  it.each([
    [{ issuer: DEVELOPMENT_ISSUER }, 'must not be the issuer of development tokens'],
    [{ issuer: `${ISSUER}?a` }, 'without query'],
    [{ jwks_uri: ISSUER }, 'no keys but issuer, preset, jwksUri'],
    [{ secret: 'x' }, 'no keys but'],
    [{ algorithms: ['HS256'] }, 'HS* and none are refused'],
    [{ algorithms: ['ES256', 'none'] }, 'HS* and none are refused'],
    [{ algorithms: ['es256'] }, 'algorithms must be asymmetric'],
    [{ algorithms: [] }, 'algorithms must name at least one'],
    [{ algorithms: 'ES256' }, 'algorithms must be a list'],
    [{ audience: '*' }, '`*` is refused'],
    [{ audience: ['https://*.example.com'] }, '`*` is refused'],
    [{ audience: [] }, 'audience must be a text or a list'],
    [{ audience: '' }, 'audience must be a text or a list'],
    [{ types: 'a b' }, 'types must be values of the header typ'],
    [{ types: '*' }, 'types must be'],
    [{ preset: 'okta' }, 'preset must be one of keycloak, auth0, entra'],
    [{ claims: { role: 'x' } }, 'claims must be an object with no keys but subject'],
    [{ claims: { roles: 5 } }, 'claims.roles must be the name of a claim'],
    [{ claims: { roles: [] } }, 'claims.roles must be'],
    [{ claims: { subject: 'a b' } }, 'claims.subject must be'],
    [{ preset: 'auth0' }, 'issuer must end with /'],
    [{ preset: 'entra' }, 'audience must be given'],
    [
      { preset: 'entra', issuer: 'https://login.microsoftonline.com/common/v2.0', audience: 'x' },
      'issuer must name one tenant',
    ],
  ])('refuses %j', (more, reason) => {
    const { error } = read({ issuer: ISSUER, ...more });
    expect(error?.issues.map(({ message }) => message).join()).toContain(reason);
    // The path names the wrong entry by its index.
    expect(error?.issues[0]?.path[0]).toBe(0);
  });

  it('does not repeat the value', () => {
    const canary = 'canary-1b5f';
    const entry = {
      issuer: `http://${canary}`,
      preset: canary,
      jwksUri: canary,
      audience: `*${canary}`,
      algorithms: [canary],
      types: `${canary} `,
      claims: { [canary]: canary },
      [canary]: canary,
    };
    expect(read(entry).success).toBe(false);
    expect(reasonsOf(JSON.stringify([entry])).join()).not.toContain(canary);
  });
});
