import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { RevocationStore } from '../../backplane/index.js';
import type { Caller } from '../caller.js';
import { readBearerToken } from './bearer-header.js';
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
    @Inject(RevocationStore) private readonly revocations: RevocationStore,
  ) {}

  /**
   * @throws TokenError when the request has no good token.
   * @throws IssuerUnavailableError when the keys of its issuer are not to be had.
   * @throws RevocationUnavailableError when the deny list gives no verdict.
   */
  async authenticate(request: IncomingMessage): Promise<Caller> {
    const token = readBearerToken(request);
    const caller = this.cache.get(token) ?? (await this.verify(token));
    await this.assertNotRevoked(caller);
    return caller;
  }

  /**
   * @throws TokenError when the token has been revoked.
   * @throws RevocationUnavailableError when the deny list gives no verdict.
   */
  async assertNotRevoked({ extra }: Caller): Promise<void> {
    let revoked: boolean;
    try {
      revoked = await this.revocations.isRevoked(extra);
    } catch (cause) {
      throw new RevocationUnavailableError(cause);
    }
    if (revoked) throw new TokenError('revoked');
  }

  private async verify(token: string): Promise<Caller> {
    const caller = await this.verifier.verify(token);
    this.cache.add(caller);
    return caller;
  }
}
