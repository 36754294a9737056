import { Inject, Injectable } from '@nestjs/common';
import { jwtVerify, type JWTPayload } from 'jose';
import type { Caller } from '../caller.js';
import { CallerFactory } from './caller.factory.js';
import { CLOCK_TOLERANCE_SECONDS, nowSeconds } from './clock.js';
import { refusalOf } from './jose-refusal.js';
import { unverifiedClaimsOf } from './token-shape.js';
import { TokenError } from './token.error.js';
import { TRUSTED_ISSUERS, type TrustedIssuer, type TrustedIssuers } from './trusted-issuer.js';

const REQUIRED_CLAIMS = ['iss', 'aud', 'exp', 'iat', 'sub'];

/** Whether a token is one that this server believes (RFC 7519 §7.2, RFC 8725, RFC 9068 §4). */
@Injectable()
export class TokenVerifier {
  constructor(
    @Inject(TRUSTED_ISSUERS) private readonly issuers: TrustedIssuers,
    private readonly callers: CallerFactory,
  ) {}

  /** @throws TokenError for every token that is refused. Says nothing of revocation. */
  async verify(token: string): Promise<Caller> {
    const issuer = this.issuerOf(unverifiedClaimsOf(token));
    const claims = await verifiedClaimsOf(token, issuer);
    checkLifetime(claims, issuer);
    return this.callers.build(token, claims);
  }

  private issuerOf({ iss }: JWTPayload): TrustedIssuer {
    if (iss === undefined) throw new TokenError('missing_claim');
    const issuer = this.issuers.get(iss);
    if (issuer === undefined) throw new TokenError('wrong_issuer');
    return issuer;
  }
}

async function verifiedClaimsOf(token: string, issuer: TrustedIssuer): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, issuer.key, {
      algorithms: [...issuer.algorithms],
      issuer: issuer.issuer,
      audience: [...issuer.audiences],
      requiredClaims: REQUIRED_CLAIMS,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    });
    return payload;
  } catch (error) {
    throw refusalOf(error);
  }
}

/** jose looks at `iat` only together with a greatest age, and at that from now, not from the token's end. */
function checkLifetime({ iat, exp }: JWTPayload, issuer: TrustedIssuer): void {
  if (!Number.isFinite(iat) || !Number.isFinite(exp)) throw new TokenError('bad_claim');
  if (iat! > nowSeconds() + CLOCK_TOLERANCE_SECONDS) throw new TokenError('issued_in_future');
  if (exp! - iat! > issuer.maxLifetimeSeconds) throw new TokenError('lifetime_too_long');
}
