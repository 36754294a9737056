import { IdentityProvider, newKey } from '../support/identity-provider.js';
import { expectChallenge } from '../support/envelopes.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { send } from '../support/wire.js';
import { providerClaims } from '../fixtures/provider-forgeries.js';

let app: TestApp;
let partner: IdentityProvider;
let own: IdentityProvider;
beforeAll(async () => {
  partner = await IdentityProvider.start([await newKey('ES256', 'k')]);
  own = await IdentityProvider.start([await newKey('ES256', 'k')]);
  const issuers = [{ issuer: partner.issuer, scopes: ['mcp:access'] }, { issuer: own.issuer }];
  app = await startApp({
    AUTH_ISSUERS: JSON.stringify(issuers),
    AUTH_ROLE_SCOPES: '{"boss":["mcp:admin"]}',
  });
});
afterAll(async () => {
  await app.close();
  await Promise.all([partner.down(), own.down()]);
});

/** An administrator revokes the tokens of another user of the same provider. */
async function revoking({ provider, claims }: { provider: IdentityProvider; claims: object }) {
  const token = await provider.sign(providerClaims(provider.issuer, { ...claims }));
  const body = new URLSearchParams({ sub: 'victim', iss: provider.issuer }).toString();
  const headers = ['Content-Type', 'application/x-www-form-urlencoded'];
  return { token, answer: await send(`${app.url}/auth/revoke`, { method: 'POST', token, headers, body }) };
}

it.each([
  ['that its token carries', { scope: 'mcp:access mcp:admin' }],
  ['that its role grants', { scope: 'mcp:access', roles: ['boss'] }],
])('a provider gives its users no scope beyond its ceiling: not one %s', async (_what, claims) => {
  const { token, answer } = await revoking({ provider: partner, claims });
  expectChallenge(answer, {
    route: '/auth/revoke',
    status: 403,
    scope: 'mcp:admin',
    error: 'insufficient_scope',
  });
  // It is not the token that is refused.
  expect((await send(`${app.url}/sse`, { token })).status).toBe(200);
  const victim = await partner.sign(providerClaims(partner.issuer, { sub: 'victim' }));
  expect((await send(`${app.url}/sse`, { token: victim })).status).toBe(200);
  expect((await revoking({ provider: own, claims })).answer.status).toBe(200);
});
