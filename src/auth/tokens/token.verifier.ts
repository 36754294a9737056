import { Inject, Injectable } from '@nestjs/common';
import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions } from 'jose';
import type { AuditActor } from '../../audit/index.js';
import type { Caller } from '../caller.js';
import { IssuerUnavailableError } from '../issuers/issuer-unavailable.error.js';
import { isRecord } from '../issuers/provider-document.js';
import { checkType } from './access-token.type.js';
import { CallerFactory } from './caller.factory.js';
import { CLOCK_TOLERANCE_SECONDS, nowSeconds } from './clock.js';
import { refusalOf } from './jose-refusal.js';
import { unverifiedPartsOf } from './token-shape.js';
import { TokenError } from './token.error.js';
import { TRUSTED_ISSUERS, type TrustedIssuer, type TrustedIssuers } from './trusted-issuer.js';

const MAX_LOGGED_SUBJECT = 255;
const REQUIRED_CLAIMS = ['iss', 'aud', 'exp', 'iat'];

/** Whether a token is one that this server believes (RFC 7519 §7.2, RFC 8725, RFC 9068 §4). */
@Injectable()
export class TokenVerifier {
  constructor(
    @Inject(TRUSTED_ISSUERS) private readonly issuers: TrustedIssuers,
    private readonly callers: CallerFactory,
  ) {}

  /**
   * Nothing is fetched before the token has named an issuer that is trusted. Says nothing of revocation.
   *
   * @throws TokenError for every token that is refused.
   * @throws IssuerUnavailableError when the keys of its issuer are not to be had.
   */
  async verify(token: string): Promise<Caller> {
    const { type, claims: unverified } = unverifiedPartsOf(token);
    const issuer = this.issuerOf(unverified);
    checkType(type, unverified, issuer);
    const claims = await verifiedClaimsOf(token, issuer);
    try {
      checkLifetime(claims, issuer);
      checkBinding(claims);
      return this.callers.build(token, claims, issuer.claims);
    } catch (error) {
      if (error instanceof TokenError) error.actor = holderOf(claims);
      throw error;
    }
  }

  private issuerOf({ iss }: JWTPayload): TrustedIssuer {
    if (iss === undefined) throw new TokenError('missing_claim');
    const issuer = this.issuers.get(iss);
    if (issuer === undefined) throw new TokenError('wrong_issuer');
    return issuer;
  }
}

/** Whose token it is, by claims whose signature is good. A token that is refused may have claims of any form. */
function holderOf({ iss, sub }: JWTPayload): AuditActor {
  return { issuer: iss, subject: typeof sub === 'string' ? sub.slice(0, MAX_LOGGED_SUBJECT) : undefined };
}

async function verifiedClaimsOf(token: string, { key, ...issuer }: TrustedIssuer): Promise<JWTPayload> {
  const options: JWTVerifyOptions = {
    algorithms: [...issuer.algorithms],
    issuer: issuer.issuer,
    audience: [...issuer.audiences],
    requiredClaims: requiredOf(issuer.claims.subject),
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
  };
  try {
    // Both are overloads of the same function, which TypeScript does not choose between.
    const { payload } = await jwtVerify(token, key as JWTVerifyGetKey, options);
    return payload;
  } catch (error) {
    if (error instanceof IssuerUnavailableError) throw error;
    const refusal = refusalOf(error);
    // jose compares claims only once the signature is good.
    if (error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed) {
      refusal.actor = holderOf(error.payload);
    }
    throw refusal;
  }
}

/** Whose subject is to be found elsewhere need not have a `sub`. */
function requiredOf(subject: readonly string[]): string[] {
  return subject.length === 1 && subject[0] === 'sub' ? [...REQUIRED_CLAIMS, 'sub'] : REQUIRED_CLAIMS;
}

/** jose looks at `iat` only together with a greatest age, and at that from now, not from the token's end. */
function checkLifetime({ iat, exp }: JWTPayload, issuer: TrustedIssuer): void {
  if (!Number.isFinite(iat) || !Number.isFinite(exp)) throw new TokenError('bad_claim');
  if (iat! > nowSeconds() + CLOCK_TOLERANCE_SECONDS) throw new TokenError('issued_in_future');
  if (exp! - iat! > issuer.maxLifetimeSeconds) throw new TokenError('lifetime_too_long');
}

/** Whoever holds such a token must prove that the key is theirs, too (RFC 9449 §7.1): a bearer has not. */
function checkBinding({ cnf }: JWTPayload): void {
  if (isRecord(cnf) && Object.hasOwn(cnf, 'jkt')) throw new TokenError('bound_token');
}
