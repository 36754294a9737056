import { Inject, Injectable } from '@nestjs/common';
import { RevocationStore, type Revocation, type RevocationTarget } from '../../backplane/index.js';
import { AUTH_SETTINGS, type AuthSettings } from '../../config/index.js';
import { AccessRefusal } from '../access.refusal.js';
import type { AuthenticatedRequest, Caller } from '../caller.js';
import { DecisionLog } from '../decision.log.js';
import { IssuerUnavailableError } from '../issuers/issuer-unavailable.error.js';
import { ADMIN_SCOPE } from '../scopes.js';
import { CLOCK_TOLERANCE_SECONDS, nowSeconds, refusedFrom } from './clock.js';
import { InvalidRequestException } from './invalid-request.exception.js';
import { readRevocationRequest, type RevocationRequest } from './revocation-request.js';
import { TokenError } from './token.error.js';
import { TokenVerifier } from './token.verifier.js';
import { TRUSTED_ISSUERS, type TrustedIssuers } from './trusted-issuer.js';

/** Takes tokens back (RFC 7009, without client authentication: the bearer token is the credential). */
@Injectable()
export class RevocationService {
  constructor(
    private readonly verifier: TokenVerifier,
    private readonly refusal: AccessRefusal,
    private readonly decisions: DecisionLog,
    @Inject(RevocationStore) private readonly store: RevocationStore,
    @Inject(TRUSTED_ISSUERS) private readonly issuers: TrustedIssuers,
    @Inject(AUTH_SETTINGS) private readonly settings: AuthSettings,
  ) {}

  async revoke(request: AuthenticatedRequest): Promise<void> {
    const wanted = readRevocationRequest(request.body);
    if (wanted.kind !== 'own' && !request.auth.scopes.includes(ADMIN_SCOPE)) {
      throw this.refusal.lacksScope(request, [ADMIN_SCOPE], request.auth);
    }
    const revocations = await this.revocationsFor(wanted, request);
    if (revocations.length === 0) return;
    try {
      for (const revocation of revocations) await this.store.revoke(revocation);
    } catch (cause) {
      throw this.refusal.unavailable(request, cause);
    }
    this.decisions.revoked(request, request.auth, wanted.kind, revocations);
  }

  private async revocationsFor(
    wanted: RevocationRequest,
    request: AuthenticatedRequest,
  ): Promise<readonly Revocation[]> {
    switch (wanted.kind) {
      case 'jti': {
        const issuers = this.issuersOf(wanted.issuer);
        return issuers.map((issuer) => this.lasting({ kind: 'jti', issuer, jti: wanted.value }));
      }
      case 'sub': {
        const issuers = this.issuersOf(wanted.issuer);
        return issuers.map((issuer) => this.lasting({ kind: 'subject', issuer, subject: wanted.value }));
      }
      case 'token': {
        const named = await this.callerOf(wanted.value, request);
        return named === undefined ? [] : [revocationOf(named)];
      }
      default:
        return [revocationOf(request.auth)];
    }
  }

  /**
   * Whose `jti` or `sub` is meant where no issuer is named: theirs who share `JWT_SECRET`, or else the only
   * external issuer's.
   */
  private issuersOf(named: string | undefined): readonly string[] {
    if (named !== undefined) {
      if (this.issuers.has(named)) return [named];
      throw new InvalidRequestException('iss: this server trusts no issuer of that name');
    }
    const all = [...this.issuers.values()];
    const sharers = all.filter(({ isExternal }) => !isExternal);
    const usual = sharers.length > 0 ? sharers : all;
    if (sharers.length === 0 && all.length > 1) {
      throw new InvalidRequestException('iss: name the issuer, there are several');
    }
    return usual.map(({ issuer }) => issuer);
  }

  /** Undefined for a token that no request could use: there is nothing to take back (RFC 7009 §2.2). */
  private async callerOf(token: string, request: AuthenticatedRequest): Promise<Caller | undefined> {
    try {
      return await this.verifier.verify(token);
    } catch (error) {
      if (error instanceof TokenError) return undefined;
      if (error instanceof IssuerUnavailableError) throw this.refusal.unavailable(request, error);
      throw error;
    }
  }

  /** For tokens that are not at hand: a clock ahead of ours may have made one that ends a little later. */
  private lasting(target: RevocationTarget): Revocation {
    const revokedAt = nowSeconds();
    const latestEnd = revokedAt + CLOCK_TOLERANCE_SECONDS + this.settings.maxLifetimeSeconds;
    return { target, revokedAt, expiresAt: refusedFrom(latestEnd) };
  }
}

function revocationOf({ extra, expiresAt }: Caller): Revocation {
  const target = { kind: 'token', tokenId: extra.tokenId } as const;
  return { target, revokedAt: nowSeconds(), expiresAt: refusedFrom(expiresAt) };
}
