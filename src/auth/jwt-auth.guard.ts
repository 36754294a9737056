import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { Request } from 'express';
import { AccessRefusal } from './access.refusal.js';
import { Admission } from './admission.js';
import type { Caller } from './caller.js';
import { JwtStrategy } from './jwt.strategy.js';
import { RoutePolicies, type RoutePolicy } from './route.policies.js';
import { TokenAuthenticator } from './tokens/token.authenticator.js';

/** What the guard leaves on a request. */
interface GuardedRequest extends Request {
  auth?: Caller;
  admission?: Admission;
}

/**
 * Closes every route that is not `@Public()`: finds the caller by the `jwt` strategy, checks the scopes that
 * the route demands, and leaves the {@link Caller} on `request.auth` and an {@link Admission} on
 * `request.admission`.
 *
 * Throws 401 with its challenge without a good token, 403 with its challenge where a scope is lacking, 429
 * with `Retry-After` in place of 401 to an address that has shown too many bad tokens, and 503 with `Retry-After` when the
 * deny list gives no verdict or an issuer no keys; the headers are on the response by then.
 */
@Injectable()
export class JwtAuthGuard extends AuthGuard('jwt') {
  constructor(
    private readonly strategy: JwtStrategy,
    private readonly authenticator: TokenAuthenticator,
    private readonly policies: RoutePolicies,
    private readonly refusal: AccessRefusal,
  ) {
    super();
  }

  /**
   * Runs the strategy of its own application. Passport keeps one strategy of a name for the whole process,
   * so that with two applications in it, one would answer by the other's key and deny list.
   */
  override canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (context.getType() !== 'http') return false;
    const policy = this.policies.of(context.getClass(), context.getHandler());
    if (policy.open) return true;
    const request: GuardedRequest = this.getRequest(context);
    const caller = this.strategy.callerOf(request);
    if (!(caller instanceof Promise)) return this.admit(caller, request, policy);
    return caller.then(
      (found) => this.admit(found, request, policy),
      (error: unknown) => {
        throw this.refusal.of(request, error);
      },
    );
  }

  private admit(caller: Caller, request: GuardedRequest, policy: RoutePolicy): true {
    if (!policy.scopes.every((scope) => caller.scopes.includes(scope))) {
      throw this.refusal.lacksScope(request, policy.scopes, caller);
    }
    request.auth = caller;
    request.admission = new Admission(this.refusal, this.authenticator, request, policy, caller);
    return true;
  }
}
