import { Inject, Injectable, Logger } from '@nestjs/common';
import { RevocationStore, type Revocation, type RevocationTarget } from '../../backplane/index.js';
import { AUTH_SETTINGS, type AuthSettings } from '../../config/index.js';
import { AccessRefusal } from '../access.refusal.js';
import type { AuthenticatedRequest, Caller } from '../caller.js';
import { ADMIN_SCOPE } from '../scopes.js';
import { CLOCK_TOLERANCE_SECONDS, nowSeconds, refusedFrom } from './clock.js';
import { readRevocationRequest, type RevocationRequest } from './revocation-request.js';
import { TokenError } from './token.error.js';
import { TokenVerifier } from './token.verifier.js';

/** Takes tokens back (RFC 7009, without client authentication: the bearer token is the credential). */
@Injectable()
export class RevocationService {
  private readonly logger = new Logger(RevocationService.name);

  constructor(
    private readonly verifier: TokenVerifier,
    private readonly refusal: AccessRefusal,
    @Inject(RevocationStore) private readonly store: RevocationStore,
    @Inject(AUTH_SETTINGS) private readonly settings: AuthSettings,
  ) {}

  async revoke(request: AuthenticatedRequest): Promise<void> {
    const wanted = readRevocationRequest(request.body);
    if (wanted.kind !== 'own' && !request.auth.scopes.includes(ADMIN_SCOPE)) {
      throw this.refusal.lacksScope(request, [ADMIN_SCOPE]);
    }
    const revocation = await this.revocationFor(wanted, request.auth);
    if (revocation === undefined) return;
    try {
      await this.store.revoke(revocation);
    } catch (cause) {
      throw this.refusal.unavailable(request, cause);
    }
    this.logger.log({ event: 'auth.revoked', kind: wanted.kind });
  }

  private async revocationFor(wanted: RevocationRequest, caller: Caller): Promise<Revocation | undefined> {
    switch (wanted.kind) {
      case 'jti':
        return this.lasting({ kind: 'jti', jti: wanted.value });
      case 'sub':
        return this.lasting({ kind: 'subject', subject: wanted.value });
      case 'token': {
        const named = await this.callerOf(wanted.value);
        return named && revocationOf(named);
      }
      default:
        return revocationOf(caller);
    }
  }

  /** Undefined for a token that no request could use: there is nothing to take back (RFC 7009 §2.2). */
  private async callerOf(token: string): Promise<Caller | undefined> {
    try {
      return await this.verifier.verify(token);
    } catch (error) {
      if (error instanceof TokenError) return undefined;
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
