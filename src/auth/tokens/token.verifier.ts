import { Inject, Injectable } from '@nestjs/common';
import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions } from 'jose';
import type { AuditActor } from '../../audit/index.js';
import type { Principal } from '../../mcp/index.js';
import { IssuerUnavailableError } from '../issuers/issuer-unavailable.error.js';
import { isRecord } from '../issuers/provider-document.js';
import { checkType } from './access-token.type.js';
import { PrincipalFactory } from './principal.factory.js';
import { nowSeconds } from './clock.js';
import { refusalOf } from './jose-refusal.js';
import { unverifiedPartsOf } from './token-shape.js';
import { TokenError } from './token.error.js';
import { TRUSTED_ISSUERS, type TrustedIssuer, type TrustedIssuers } from './trusted-issuer.js';
import { VerificationGate } from './verification.gate.js';

const MAX_LOGGED_SUBJECT = 255;
const REQUIRED_CLAIMS = ['iss', 'aud', 'exp', 'iat'];

/** Verifies tokens (RFC 7519 §7.2, RFC 8725, RFC 9068 §4). */
@Injectable()
export class TokenVerifier {
  private readonly gates = new Map<TrustedIssuer, VerificationGate>();

  constructor(
    @Inject(TRUSTED_ISSUERS) private readonly issuers: TrustedIssuers,
    private readonly principals: PrincipalFactory,
  ) {}

  /**
   * Fetches keys only for a trusted issuer. Does not check revocation. `network`: of the client, see {@link
   * clientNetworkOf}; networks take turns if many signatures have to be verified.
   *
   * @throws TokenError for every token that is refused.
   * @throws IssuerUnavailableError when the keys of its issuer cannot be fetched.
   */
  async verify(token: string, network = ''): Promise<Principal> {
    const { type, claims: unverified } = unverifiedPartsOf(token);
    const issuer = this.issuerOf(unverified);
    checkType(type, unverified, issuer);
    const claims = await this.verifiedClaimsOf(token, issuer, network);
    try {
      checkLifetime(claims, issuer);
      checkBinding(claims);
      return this.principals.build(token, claims, issuer);
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

  private async verifiedClaimsOf(token: string, issuer: TrustedIssuer, network: string): Promise<JWTPayload> {
    const { key } = issuer;
    let leave: (() => void) | undefined;
    // Enters the gate when the key is available: tokens that wait for a provider must not delay others.
    const keyInTurn: JWTVerifyGetKey = async (header, jws) => {
      const found = typeof key === 'function' ? await key(header, jws) : key;
      leave = await this.gateOf(issuer).enter(network);
      return found;
    };
    try {
      const { payload } = await jwtVerify(token, keyInTurn, optionsFor(issuer));
      return payload;
    } catch (error) {
      if (error instanceof IssuerUnavailableError) throw error;
      const refusal = refusalOf(error);
      // jose checks claims only after the signature.
      if (error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed) {
        refusal.actor = holderOf(error.payload);
      }
      throw refusal;
    } finally {
      leave?.();
    }
  }

  private gateOf(issuer: TrustedIssuer): VerificationGate {
    let gate = this.gates.get(issuer);
    if (gate === undefined) this.gates.set(issuer, (gate = new VerificationGate()));
    return gate;
  }
}

/** The user, from claims whose signature is valid; they may have any form. */
function holderOf({ iss, sub }: JWTPayload): AuditActor {
  return { issuer: iss, subject: typeof sub === 'string' ? sub.slice(0, MAX_LOGGED_SUBJECT) : undefined };
}

function optionsFor(issuer: TrustedIssuer): JWTVerifyOptions {
  return {
    algorithms: [...issuer.algorithms],
    issuer: issuer.issuer,
    audience: [...issuer.audiences],
    requiredClaims: requiredOf(issuer.claims.subject),
    clockTolerance: issuer.clockToleranceSeconds,
  };
}

/** A token whose subject is in another claim may lack `sub`. */
function requiredOf(subject: readonly string[]): string[] {
  return subject.length === 1 && subject[0] === 'sub' ? [...REQUIRED_CLAIMS, 'sub'] : REQUIRED_CLAIMS;
}

/** jose checks `iat` only with a maximum age, and measures that from now, not up to `exp`. */
function checkLifetime({ iat, exp }: JWTPayload, issuer: TrustedIssuer): void {
  if (!Number.isFinite(iat) || !Number.isFinite(exp)) throw new TokenError('bad_claim');
  if (iat! > nowSeconds() + issuer.clockToleranceSeconds) throw new TokenError('issued_in_future');
  if (exp! - iat! > issuer.maxLifetimeSeconds) throw new TokenError('lifetime_too_long');
}

/** Such a token requires proof of the key (RFC 9449 §7.1), which a bearer token does not give. */
function checkBinding({ cnf }: JWTPayload): void {
  if (isRecord(cnf) && Object.hasOwn(cnf, 'jkt')) throw new TokenError('bound_token');
}
