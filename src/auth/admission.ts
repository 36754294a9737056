import type { Request } from 'express';
import type { AccessRefusal } from './access.refusal.js';
import type { Caller } from './caller.js';
import type { RoutePolicy } from './route.policies.js';
import type { TokenAuthenticator } from './tokens/token.authenticator.js';
import { TokenError } from './tokens/token.error.js';

/**
 * A caller that the guard has let in, for a handler that takes its time or learns of more to ask for. What it
 * throws or returns is what the guard itself would throw; the headers are on the response by then.
 *
 * One object with methods: functions that were made for each request and set on it kept it, and all that hangs
 * on it, until the next full collection (Node 24), which cost a quarter of a call.
 */
export class Admission {
  constructor(
    private readonly refusal: AccessRefusal,
    private readonly authenticator: TokenAuthenticator,
    private readonly request: Request,
    private readonly policy: RoutePolicy,
    private readonly caller: Caller,
  ) {}

  /** Rejects when the token has been revoked since, or the deny list gives no verdict. */
  async reauthorize(): Promise<void> {
    try {
      await this.authenticator.assertNotRevoked(this.caller);
    } catch (error) {
      throw this.refusal.of(this.request, error, this.caller);
    }
  }

  /** What to throw where the token has expired since. */
  tokenExpired(): Error {
    return this.refusal.unauthorized(this.request, new TokenError('expired'), this.caller);
  }

  /** What to throw where the token lacks some of these scopes, which the operation needs beside the route's. */
  lackingScopes(scopes: readonly string[]): Error {
    return this.refusal.lacksScope(this.request, [...this.policy.scopes, ...scopes], this.caller);
  }
}
