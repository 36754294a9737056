import type { Request } from 'express';
import type { Principal, RequestAuthorization } from '../mcp/index.js';
import type { AuthResponder } from './auth.responder.js';
import type { RoutePolicy } from './route.policies.js';
import type { TokenAuthenticator } from './tokens/token.authenticator.js';
import { TokenError } from './tokens/token.error.js';

/**
 * Checks the token of an accepted request again, for a handler that takes time or requires further scopes. It throws
 * what the guard would throw, and sets the same response headers.
 *
 * One object with methods: closures created per request were retained, with all that they referred to, until the next
 * full collection (Node 24), which cost a quarter of a call.
 */
export class TokenAuthorization implements RequestAuthorization {
  constructor(
    private readonly responder: AuthResponder,
    private readonly authenticator: TokenAuthenticator,
    private readonly request: Request,
    private readonly policy: RoutePolicy,
    readonly principal: Principal,
  ) {}

  reauthorize(): Promise<void> | undefined {
    const verdict = this.authenticator.isRevoked(this.principal);
    return verdict === false ? undefined : this.assertGood(verdict);
  }

  tokenExpired(): Error {
    return this.responder.unauthorized(this.request, new TokenError('expired'), this.principal);
  }

  /** 403, RFC 6750, section 3.1. The operation needs `scopes` beside those of the route. */
  lackingScopes(scopes: readonly string[]): Error {
    return this.responder.lacksScope(this.request, [...this.policy.scopes, ...scopes], this.principal);
  }

  private async assertGood(verdict: boolean | Promise<boolean>): Promise<void> {
    try {
      await this.authenticator.assertNotRevoked(this.principal, verdict);
    } catch (error) {
      throw this.responder.of(this.request, error, this.principal);
    }
  }
}
