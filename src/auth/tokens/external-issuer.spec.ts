import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { loadSettings } from '../../config/index.js';
import { now } from '../fixtures/forge.fixture.js';
import { PrincipalFactory } from './principal.factory.js';
import { TokenError } from './token.error.js';
import { TokenVerifier } from './token.verifier.js';
import { trustedIssuersFrom } from './trusted-issuer.js';

const TENANT = '0f6d1c2b-9e8a-4745-8a10-1c2b3d4e5f60';
const KEYCLOAK = 'https://id.example.com/realms/main';
const AUTH0 = 'https://company.eu.auth0.com/';
const ENTRA = `https://login.microsoftonline.com/${TENANT}/v2.0`;
const PLAIN = 'https://plain.example.com';
const PUBLIC_URL = 'https://mcp.example.com';

let server: Server;
let privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
let verifier: TokenVerifier;

beforeAll(async () => {
  const pair = await generateKeyPair('RS256', { extractable: true });
  privateKey = pair.privateKey;
  // Entra's keys have no alg.
  const keys = [{ ...(await exportJWK(pair.publicKey)), kid: 'k', use: 'sig' }];
  server = createServer((_request, response) => response.end(JSON.stringify({ keys })));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const jwksUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const roles = ['realm_access.roles', 'resource_access.https://mcp.example.com/mcp.roles'];
  const AUTH_ISSUERS = JSON.stringify([
    { issuer: KEYCLOAK, preset: 'keycloak', jwksUri, claims: { roles } },
    { issuer: AUTH0, preset: 'auth0', jwksUri, claims: { roles: 'https://mcp.example.com/roles' } },
    { issuer: ENTRA, preset: 'entra', jwksUri, audience: 'api-id', claims: { subject: 'oid' } },
    { issuer: PLAIN, jwksUri, types: ['at+jwt', ''] },
  ]);
  const AUTH_ROLE_SCOPES = '{"staff":["mcp:access"],"boss":["mcp:admin"]}';
  const env = { NODE_ENV: 'production', PUBLIC_URL, AUTH_ISSUERS, AUTH_ROLE_SCOPES };
  const { auth } = loadSettings(env, { directory: import.meta.dirname });
  verifier = new TokenVerifier(trustedIssuersFrom(auth), new PrincipalFactory(auth));
});

afterAll(() => {
  server.close().closeAllConnections();
});

const KEYCLOAK_TOKEN = {
  iss: KEYCLOAK,
  aud: ['account', `${PUBLIC_URL}/mcp`],
  sub: 'f3',
  jti: 'onrtac:1',
  typ: 'Bearer',
  azp: 'claude',
  scope: 'profile mcp:access',
  realm_access: { roles: ['offline_access', 'boss'] },
  resource_access: { 'https://mcp.example.com/mcp': { roles: ['staff'] } },
};
const AUTH0_TOKEN = {
  iss: AUTH0,
  aud: [`${PUBLIC_URL}/mcp`, 'https://company.eu.auth0.com/userinfo'],
  sub: 'auth0|1',
  azp: 'claude',
  scope: 'openid mcp:access',
  permissions: ['mcp:admin'],
  'https://mcp.example.com/roles': ['staff'],
};
const ENTRA_TOKEN = {
  iss: ENTRA,
  aud: 'api-id',
  sub: 'pairwise',
  oid: 'person',
  azp: 'claude',
  scp: 'mcp:access',
  roles: ['boss'],
  uti: 'u1',
  tid: TENANT,
  ver: '2.0',
};
const PLAIN_TOKEN = { iss: PLAIN, aud: PUBLIC_URL, sub: 'alice', scp: ['mcp:access'] };

function sign(claims: JWTPayload, typ: string | undefined = 'JWT', alg = 'RS256'): Promise<string> {
  const times = { iat: now(), exp: now() + 600 };
  const header = { alg, kid: 'k', ...(typ !== 'none' && { typ }) };
  return new SignJWT({ ...times, ...claims }).setProtectedHeader(header).sign(privateKey);
}

const verify = async (claims: JWTPayload, typ?: string) => verifier.verify(await sign(claims, typ));

/** The code of the refusal. */
const refusal = (claims: JWTPayload, typ?: string): Promise<unknown> =>
  verify(claims, typ).then(
    () => 'accepted',
    (error: unknown) => (error instanceof TokenError ? error.code : error),
  );

describe('an access token', () => {
  it('of Keycloak has roles of the realm and of the client', async () => {
    const caller = await verify(KEYCLOAK_TOKEN);
    expect(caller).toMatchObject({ clientId: 'claude', scopes: ['profile', 'mcp:access', 'mcp:admin'] });
    const roles = ['offline_access', 'boss', 'staff'];
    expect(caller).toMatchObject({ issuer: KEYCLOAK, subject: 'f3', jti: 'onrtac:1', roles });
    await expect(verify(KEYCLOAK_TOKEN, 'at+jwt')).resolves.toBeDefined();
    // Added by Keycloak's mapper for the nonce of older versions.
    await expect(verify({ ...KEYCLOAK_TOKEN, nonce: 'n' })).resolves.toBeDefined();
  });

  it('of Auth0 has the roles of its own claim; its permissions are no scopes', async () => {
    const caller = await verify(AUTH0_TOKEN);
    expect(caller).toMatchObject({ clientId: 'claude', scopes: ['openid', 'mcp:access'] });
    expect(caller.roles).toEqual(['staff']);
    const { azp: client_id, ...profile } = AUTH0_TOKEN;
    expect(await verify({ ...profile, client_id, jti: 'j' }, 'at+jwt')).toMatchObject({ clientId: 'claude' });
  });

  it('of Entra has scp, uti and the subject that was chosen', async () => {
    const caller = await verify(ENTRA_TOKEN);
    expect(caller).toMatchObject({ clientId: 'claude', scopes: ['mcp:access', 'mcp:admin'] });
    expect(caller).toMatchObject({ subject: 'person', jti: 'u1', roles: ['boss'] });
    const { sub: _sub, ...withoutSub } = ENTRA_TOKEN;
    expect((await verify(withoutSub)).subject).toBe('person');
  });

  it('of a provider that writes no typ is accepted where the settings say so', async () => {
    expect((await verify(PLAIN_TOKEN, 'none')).scopes).toEqual(['mcp:access']);
    await expect(verify(PLAIN_TOKEN, 'application/at+jwt')).resolves.toBeDefined();
  });
});

describe('a token that is refused', () => {
  it.each<readonly [string, JWTPayload, string | undefined, string]>([
    ['Keycloak’s ID token', { ...KEYCLOAK_TOKEN, typ: 'ID' }, 'JWT', 'wrong_type'],
    ['Keycloak’s refresh token', { ...KEYCLOAK_TOKEN, typ: 'Refresh' }, 'JWT', 'wrong_type'],
    ['Keycloak’s DPoP token', { ...KEYCLOAK_TOKEN, typ: 'DPoP' }, 'JWT', 'wrong_type'],
    ['Auth0’s ID token', { ...AUTH0_TOKEN, nonce: 'n' }, 'JWT', 'wrong_type'],
    ['Entra’s ID token of one application for all', { ...ENTRA_TOKEN, nonce: 'n' }, 'JWT', 'wrong_type'],
    ['an ID token with at_hash', { ...ENTRA_TOKEN, at_hash: 'h' }, 'JWT', 'wrong_type'],
    ['an ID token without typ', { ...PLAIN_TOKEN, c_hash: 'h' }, 'none', 'wrong_type'],
    ['Entra’s without typ', ENTRA_TOKEN, 'none', 'wrong_type'],
    ['one that is bound to a key', { ...AUTH0_TOKEN, cnf: { jkt: 'thumbprint' } }, 'at+jwt', 'bound_token'],
    ['JWT where only at+jwt is agreed', PLAIN_TOKEN, 'JWT', 'wrong_type'],
    ['Keycloak’s without aud', { ...KEYCLOAK_TOKEN, aud: undefined }, 'JWT', 'missing_claim'],
    ['Keycloak’s as it comes', { ...KEYCLOAK_TOKEN, aud: 'account' }, 'JWT', 'wrong_audience'],
    ['Entra’s for this URL', { ...ENTRA_TOKEN, aud: PUBLIC_URL }, 'JWT', 'wrong_audience'],
    [
      'Entra’s of another tenant',
      { ...ENTRA_TOKEN, iss: ENTRA.replace('0f6d', '1f6d') },
      'JWT',
      'wrong_issuer',
    ],
    ['Entra’s without the subject', { ...ENTRA_TOKEN, oid: undefined }, 'JWT', 'bad_subject'],
    ['Entra’s with a wrong uti', { ...ENTRA_TOKEN, uti: 5 }, 'JWT', 'bad_claim'],
    ['roles that are no list', { ...KEYCLOAK_TOKEN, realm_access: { roles: { a: 1 } } }, 'JWT', 'bad_claim'],
  ])('%s', async (_what, claims, typ, code) => {
    expect(await refusal(claims, typ)).toBe(code);
  });

  it('has an algorithm that the settings do not allow, also with the right key', async () => {
    const pss = await generateKeyPair('PS256');
    const token = await new SignJWT(ENTRA_TOKEN)
      .setProtectedHeader({ alg: 'PS256', typ: 'JWT' })
      .sign(pss.privateKey);
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'wrong_algorithm' });
  });
});
