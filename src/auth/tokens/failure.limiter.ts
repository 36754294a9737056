import { Inject, Injectable } from '@nestjs/common';
import { rateLimitHeaders, RateLimiter } from '../../backplane/index.js';
import { LIMIT_SETTINGS, type LimitSettings } from '../../config/index.js';
import { clientNetworkOf } from './client-network.js';
import { TooManyFailuresError } from './too-many-failures.error.js';

const POLICY = 'failed-authentications';

/**
 * Limits how many tokens from one address may be refused: `RATE_LIMIT_IP`. Consulted only after a refusal, so a valid
 * token is never limited.
 */
@Injectable()
export class FailureLimiter {
  constructor(
    @Inject(RateLimiter) private readonly limiter: RateLimiter,
    @Inject(LIMIT_SETTINGS) private readonly limits: LimitSettings,
  ) {}

  /** Counts a refused token. Rejects with {@link TooManyFailuresError} where the limit is exceeded. */
  async failed(address: string | undefined): Promise<void> {
    const limit = this.limits.failedAuthentications;
    if (limit === undefined) return;
    const verdict = await this.limiter.take(`failures:${clientNetworkOf(address)}`, limit);
    if (!verdict.allowed) throw new TooManyFailuresError(rateLimitHeaders(POLICY, limit, verdict));
  }
}
