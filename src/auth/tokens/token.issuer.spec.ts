import { JwtService } from '@nestjs/jwt';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { SETTINGS } from '../fixtures/settings.fixture.js';
import { PrincipalFactory } from './principal.factory.js';
import { jwtOptionsFrom, TokenIssuer } from './token.issuer.js';
import { TokenVerifier } from './token.verifier.js';
import { trustedIssuersFrom } from './trusted-issuer.js';

const issuer = new TokenIssuer(new JwtService(jwtOptionsFrom(SETTINGS)), SETTINGS);
const request = { subject: 'alice', scope: 'mcp:access', ttlSeconds: 60 };

it('issues what the verifier accepts', async () => {
  const { token, expiresIn, scope } = await issuer.issue({
    ...request,
    clientId: 'cli',
    roles: ['operator'],
  });
  expect([expiresIn, scope]).toEqual([60, 'mcp:access']);
  expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'JWT' });
  const caller = await new TokenVerifier(trustedIssuersFrom(SETTINGS), new PrincipalFactory(SETTINGS)).verify(
    token,
  );
  expect(caller).toMatchObject({ clientId: 'cli', scopes: ['mcp:access', 'mcp:admin', 'ops:read'] });
});

it('gives every token a jti of its own', async () => {
  const [one, other] = await Promise.all([issuer.issue(request), issuer.issue(request)]);
  expect(decodeJwt(one.token).jti).not.toBe(decodeJwt(other.token).jti);
});

it.each([
  [{ ttlSeconds: 86_401 }],
  [{ ttlSeconds: 0 }],
  [{ ttlSeconds: 1.5 }],
  [{ ttlSeconds: Number.NaN }],
  [{ subject: '' }],
  [{ subject: 'a\nb' }],
  [{ subject: 'x'.repeat(257) }],
  [{ clientId: 'x'.repeat(8192) }],
])('refuses to issue %j', (wrong) =>
  expect(issuer.issue({ ...request, ...wrong })).rejects.toThrow(RangeError),
);
