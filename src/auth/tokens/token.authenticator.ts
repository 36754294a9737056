import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { RevocationStore } from '../../backplane/index.js';
import type { Principal } from '../../mcp/index.js';
import { readBearerToken } from './bearer-header.js';
import { clientNetworkOf } from './client-network.js';
import { FailureLimiter } from './failure.limiter.js';
import { RevocationUnavailableError } from './revocation-unavailable.error.js';
import { TokenError } from './token.error.js';
import { TokenVerifier } from './token.verifier.js';
import { VerifiedTokenCache } from './verified-token.cache.js';

/** Authenticates a request: header, signature, claims, deny list. */
@Injectable()
export class TokenAuthenticator {
  constructor(
    private readonly verifier: TokenVerifier,
    private readonly cache: VerifiedTokenCache,
    private readonly failures: FailureLimiter,
    @Inject(RevocationStore) private readonly revocations: RevocationStore,
  ) {}

  /**
   * The caller; synchronous where the token is cached and the deny list answers at once.
   *
   * @throws TokenError when the request has no valid token.
   * @throws TooManyFailuresError instead, when its address has sent too many invalid ones: never for a valid one.
   * @throws IssuerUnavailableError when the keys of its issuer cannot be fetched.
   * @throws RevocationUnavailableError when the deny list cannot be reached.
   */
  authenticate(request: Request): Principal | Promise<Principal> {
    let known: Principal | undefined;
    let verdict: boolean | Promise<boolean> | undefined;
    try {
      known = this.cache.get(readBearerToken(request));
      if (known !== undefined) verdict = this.revocations.isRevoked(known);
    } catch {
      // `identify` throws the same error again.
    }
    return known !== undefined && verdict === false ? known : this.identify(request, known, verdict);
  }

  /** Looks the token up in the deny list. May reject; {@link assertNotRevoked} converts the error. */
  isRevoked(principal: Principal): boolean | Promise<boolean> {
    try {
      return this.revocations.isRevoked(principal);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error('No verdict', { cause: error }));
    }
  }

  /**
   * `verdict`: of {@link isRevoked}.
   *
   * @throws TokenError when the token has been revoked.
   * @throws RevocationUnavailableError when the deny list cannot be reached.
   */
  async assertNotRevoked(principal: Principal, verdict = this.isRevoked(principal)): Promise<void> {
    let revoked: boolean;
    try {
      revoked = await verdict;
    } catch (cause) {
      throw new RevocationUnavailableError(cause);
    }
    if (revoked) throw new TokenError('revoked', principal);
  }

  private async identify(
    request: Request,
    known?: Principal,
    asked?: boolean | Promise<boolean>,
  ): Promise<Principal> {
    try {
      const principal = known ?? (await this.verify(readBearerToken(request), request.ip));
      await this.assertNotRevoked(principal, asked);
      return principal;
    } catch (error) {
      if (error instanceof TokenError && isFailure(error)) await this.failures.failed(request.ip);
      throw error;
    }
  }

  private async verify(token: string, address: string | undefined): Promise<Principal> {
    const principal = await this.verifier.verify(token, clientNetworkOf(address));
    this.cache.add(token, principal);
    return principal;
  }
}

/**
 * A request without a token is not a failure: clients send one to discover where to get a token. A token in the query
 * is never read and does not count either: any page could make its visitors' browsers send one, and so block their
 * address.
 */
function isFailure({ code, oauthError }: TokenError): boolean {
  return oauthError !== undefined && code !== 'token_in_query';
}
