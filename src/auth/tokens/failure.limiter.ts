import { Inject, Injectable } from '@nestjs/common';
import { rateLimitHeaders, RateLimiter } from '../../backplane/index.js';
import { LIMIT_SETTINGS, type LimitSettings } from '../../config/index.js';
import { clientNetworkOf } from './client-network.js';
import { TooManyFailuresError } from './too-many-failures.error.js';

const POLICY = 'failed-authentications';

/** Limits how many tokens from one address may be refused: `RATE_LIMIT_IP`. */
@Injectable()
export class FailureLimiter {
  constructor(
    @Inject(RateLimiter) private readonly limiter: RateLimiter,
    @Inject(LIMIT_SETTINGS) private readonly limits: LimitSettings,
  ) {}

  /** Looks whether the address may fail once more. Rejects with {@link TooManyFailuresError}. */
  assertMayTry(address: string | undefined): Promise<void> {
    return this.take(address, 0);
  }

  /** A token from the address was refused. Rejects with {@link TooManyFailuresError} if it was one too many. */
  failed(address: string | undefined): Promise<void> {
    return this.take(address, 1);
  }

  private async take(address: string | undefined, cost: number): Promise<void> {
    const limit = this.limits.failedAuthentications;
    if (limit === undefined) return;
    const verdict = await this.limiter.take(`failures:${clientNetworkOf(address)}`, limit, cost);
    if (!verdict.allowed) throw new TooManyFailuresError(rateLimitHeaders(POLICY, limit, verdict));
  }
}
