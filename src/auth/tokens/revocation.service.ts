import { Inject, Injectable } from '@nestjs/common';
import { RevocationStore, type Revocation, type RevocationTarget } from '../../backplane/index.js';
import { AUTH_SETTINGS, type AuthSettings } from '../../config/index.js';
import { AuthResponder } from '../auth.responder.js';
import type { Principal } from '../../mcp/index.js';
import type { AuthenticatedRequest } from '../authenticated-request.js';
import { AuthLog } from '../auth.log.js';
import { IssuerUnavailableError } from '../issuers/issuer-unavailable.error.js';
import { ADMIN_SCOPE } from '../scopes.js';
import { clientNetworkOf } from './client-network.js';
import { nowSeconds, refusedFrom } from './clock.js';
import { InvalidRequestException } from './invalid-request.exception.js';
import { readRevocationRequest, type RevocationRequest } from './revocation-request.js';
import { TokenError } from './token.error.js';
import { TokenVerifier } from './token.verifier.js';
import { TRUSTED_ISSUERS, type TrustedIssuer, type TrustedIssuers } from './trusted-issuer.js';

/** Revokes tokens (RFC 7009, without client authentication: the bearer token is the credential). */
@Injectable()
export class RevocationService {
  constructor(
    private readonly verifier: TokenVerifier,
    private readonly refusal: AuthResponder,
    private readonly decisions: AuthLog,
    @Inject(RevocationStore) private readonly store: RevocationStore,
    @Inject(TRUSTED_ISSUERS) private readonly issuers: TrustedIssuers,
    @Inject(AUTH_SETTINGS) private readonly settings: AuthSettings,
  ) {}

  async revoke(request: AuthenticatedRequest): Promise<void> {
    const wanted = readRevocationRequest(request.body);
    if (wanted.kind !== 'own' && !request.user.scopes.includes(ADMIN_SCOPE)) {
      throw this.refusal.lacksScope(request, [ADMIN_SCOPE], request.user);
    }
    const revocations = await this.revocationsFor(wanted, request);
    if (revocations.length === 0) return;
    try {
      for (const revocation of revocations) await this.store.revoke(revocation);
    } catch (cause) {
      throw this.refusal.unavailable(request, cause);
    }
    this.decisions.revoked(request, request.user, wanted.kind, revocations);
  }

  private async revocationsFor(
    wanted: RevocationRequest,
    request: AuthenticatedRequest,
  ): Promise<readonly Revocation[]> {
    switch (wanted.kind) {
      case 'jti': {
        const issuers = this.issuersOf(wanted.issuer, request);
        return issuers.map((issuer) =>
          this.lasting({ kind: 'jti', issuer: issuer.issuer, jti: wanted.value }, issuer),
        );
      }
      case 'sub': {
        const issuers = this.issuersOf(wanted.issuer, request);
        return issuers.map((issuer) =>
          this.lasting({ kind: 'subject', issuer: issuer.issuer, subject: wanted.value }, issuer),
        );
      }
      case 'token': {
        const named = await this.principalOf(wanted.value, request);
        if (named === undefined) return [];
        this.assertAdministers(named.issuer, request);
        return [revocationOf(named)];
      }
      default:
        return [revocationOf(request.user)];
    }
  }

  /**
   * The issuers of a `jti` or `sub`. If the request names none: the administrator's own issuer, if the administrator
   * may revoke tokens of no other; otherwise those that share `JWT_SECRET`, or the only external issuer.
   */
  private issuersOf(named: string | undefined, request: AuthenticatedRequest): readonly TrustedIssuer[] {
    const own = this.issuers.get(request.user.issuer)!;
    if (named !== undefined) {
      this.assertAdministers(named, request);
      const issuer = this.issuers.get(named);
      if (issuer !== undefined) return [issuer];
      throw new InvalidRequestException('iss: this server trusts no issuer of that name');
    }
    if (!own.administersAll) return [own];
    const all = [...this.issuers.values()];
    const sharers = all.filter(({ isExternal }) => !isExternal);
    const usual = sharers.length > 0 ? sharers : all;
    if (sharers.length === 0 && all.length > 1) {
      throw new InvalidRequestException('iss: name the issuer, there are several');
    }
    return usual;
  }

  /**
   * `mcp:admin` of an external issuer covers only that issuer's tokens, unless its entry in `AUTH_ISSUERS` has
   * `"administers": "all"`.
   */
  private assertAdministers(issuer: string, request: AuthenticatedRequest): void {
    const own = this.issuers.get(request.user.issuer)!;
    if (issuer !== own.issuer && !own.administersAll) throw this.refusal.foreignIssuer(request, request.user);
  }

  /** Undefined for a token that no request could use: there is nothing to revoke (RFC 7009 §2.2). */
  private async principalOf(token: string, request: AuthenticatedRequest): Promise<Principal | undefined> {
    try {
      return await this.verifier.verify(token, clientNetworkOf(request.ip));
    } catch (error) {
      if (error instanceof TokenError) return undefined;
      if (error instanceof IssuerUnavailableError) throw this.refusal.unavailable(request, error);
      throw error;
    }
  }

  /**
   * A revocation of tokens that the server has not seen. The issuer's clock may be ahead of this server's, so tokens
   * issued until now may have a later `iat`, and expire later by the same time.
   */
  private lasting(target: RevocationTarget, issuer: TrustedIssuer): Revocation {
    const revokedAt = Math.floor(nowSeconds() + issuer.aheadSeconds);
    const latestEnd = nowSeconds() + issuer.clockToleranceSeconds + this.settings.maxLifetimeSeconds;
    return { target, revokedAt, expiresAt: refusedFrom(latestEnd, issuer.clockToleranceSeconds) };
  }
}

function revocationOf({ tokenId, refusedFrom: endMs }: Principal): Revocation {
  const target = { kind: 'token', tokenId } as const;
  return { target, revokedAt: nowSeconds(), expiresAt: endMs / 1_000 };
}
