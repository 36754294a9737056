import passport from 'passport';
import type { Request, Response } from 'express';
import { forge } from './fixtures/forge.fixture.js';
import { SETTINGS } from './fixtures/settings.fixture.js';
import { JwtStrategy } from './jwt.strategy.js';
import { PrincipalFactory } from './tokens/principal.factory.js';
import { FailureLimiter } from './tokens/failure.limiter.js';
import { TokenAuthenticator } from './tokens/token.authenticator.js';
import { TokenVerifier } from './tokens/token.verifier.js';
import { trustedIssuersFrom } from './tokens/trusted-issuer.js';

const verifier = new TokenVerifier(trustedIssuersFrom(SETTINGS), new PrincipalFactory(SETTINGS));

/** Runs the strategy through Passport; returns user, challenge or error. */
function throughPassport(authorization: string, isRevoked: () => Promise<boolean>): Promise<unknown[]> {
  const revocations = { isRevoked, revoke: async () => {}, onRevoked: () => () => {} };
  const limits = { calls: undefined, failedAuthentications: undefined, callsInFlight: 1, bytesInFlight: 1 };
  const failures = new FailureLimiter({ take: () => Promise.reject(new Error('unlimited')) }, limits);
  void new JwtStrategy(new TokenAuthenticator(verifier, failures, revocations));
  const { promise, resolve } = Promise.withResolvers<unknown[]>();
  const request = { url: '/', rawHeaders: ['Authorization', authorization] } as Request;
  passport.authenticate('jwt', { session: false }, (...outcome: unknown[]) => resolve(outcome))(
    request,
    {} as Response,
    () => {},
  );
  return promise;
}

describe('under Passport', () => {
  it('succeeds with the caller', async () => {
    const [error, user] = await throughPassport(`Bearer ${forge()}`, async () => false);
    expect([error, user]).toEqual([null, expect.objectContaining({ scopes: ['mcp:access'] })]);
  });

  it('fails with the refusal where passport-jwt would succeed', async () => {
    const refusal = { code: 'malformed_header' };
    const outcome = await throughPassport(`Bearer ${forge()} more`, async () => false);
    expect(outcome).toEqual([null, false, expect.objectContaining(refusal), 401]);
  });

  it('fails with an error where the deny list cannot answer', async () => {
    const [error] = await throughPassport(`Bearer ${forge()}`, () => Promise.reject(new Error('down')));
    expect(error).toMatchObject({ name: 'RevocationUnavailableError' });
  });
});
