import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { actorOf } from '../../audit/index.js';
import { RevocationStore } from '../../backplane/index.js';
import type { Caller } from '../caller.js';
import { readBearerToken } from './bearer-header.js';
import { clientNetworkOf } from './client-network.js';
import { FailureLimiter } from './failure.limiter.js';
import { RevocationUnavailableError } from './revocation-unavailable.error.js';
import { TokenError } from './token.error.js';
import { TokenVerifier } from './token.verifier.js';
import { VerifiedTokenCache } from './verified-token.cache.js';

/** From a request to its caller: header, signature and claims, deny list. */
@Injectable()
export class TokenAuthenticator {
  constructor(
    private readonly verifier: TokenVerifier,
    private readonly cache: VerifiedTokenCache,
    private readonly failures: FailureLimiter,
    @Inject(RevocationStore) private readonly revocations: RevocationStore,
  ) {}

  /**
   * The caller, at once where its token is known and the deny list has its verdict at hand.
   *
   * @throws TokenError when the request has no good token.
   * @throws TooManyFailuresError in its place, when its address has shown too many bad ones: never for a good one.
   * @throws IssuerUnavailableError when the keys of its issuer are not to be had.
   * @throws RevocationUnavailableError when the deny list gives no verdict.
   */
  authenticate(request: Request): Caller | Promise<Caller> {
    let known: Caller | undefined;
    let verdict: boolean | Promise<boolean> | undefined;
    try {
      known = this.cache.get(readBearerToken(request));
      if (known !== undefined) verdict = this.revocations.isRevoked(known.extra);
    } catch {
      // Told by `identify`, which meets it again.
    }
    return known !== undefined && verdict === false ? known : this.identify(request, known, verdict);
  }

  /**
   * @throws TokenError when the token has been revoked.
   * @throws RevocationUnavailableError when the deny list gives no verdict.
   */
  async assertNotRevoked(caller: Caller, asked?: boolean | Promise<boolean>): Promise<void> {
    let revoked: boolean;
    try {
      revoked = await (asked ?? this.revocations.isRevoked(caller.extra));
    } catch (cause) {
      throw new RevocationUnavailableError(cause);
    }
    if (revoked) throw new TokenError('revoked', actorOf(caller));
  }

  private async identify(
    request: Request,
    known?: Caller,
    asked?: boolean | Promise<boolean>,
  ): Promise<Caller> {
    try {
      const caller = known ?? (await this.verify(readBearerToken(request), request.ip));
      await this.assertNotRevoked(caller, asked);
      return caller;
    } catch (error) {
      if (error instanceof TokenError && isFailure(error)) await this.failures.failed(request.ip);
      throw error;
    }
  }

  private async verify(token: string, address: string | undefined): Promise<Caller> {
    const caller = await this.verifier.verify(token, clientNetworkOf(address));
    this.cache.add(caller);
    return caller;
  }
}

/**
 * To come without a token is no failure: every client begins so, to be told where to get one. Nor is one in the
 * query, which nobody looks at: any page could have its visitors' browsers send such, and lock their address out.
 */
function isFailure({ code, oauthError }: TokenError): boolean {
  return oauthError !== undefined && code !== 'token_in_query';
}
