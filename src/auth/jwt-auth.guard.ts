import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { Request } from 'express';
import { AuthResponder } from './auth.responder.js';
import { TokenAuthorization } from './token.authorization.js';
import type { Principal } from '../mcp/index.js';
import { JwtStrategy } from './jwt.strategy.js';
import { RoutePolicies, type RoutePolicy } from './route.policies.js';
import { TokenAuthenticator } from './tokens/token.authenticator.js';

/** What the guard leaves on a request. */
interface GuardedRequest extends Request {
  user?: Principal;
  authorization?: TokenAuthorization;
}

/**
 * Closes every route that is not `@Public()`: finds the caller by the `jwt` strategy, checks the scopes that
 * the route demands, and leaves the {@link Principal} on `request.user` and a
 * {@link TokenAuthorization} on `request.authorization`.
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
    private readonly responder: AuthResponder,
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
    const principal = this.strategy.principalOf(request);
    if (!(principal instanceof Promise)) return this.admit(principal, request, policy);
    return principal.then(
      (found) => this.admit(found, request, policy),
      (error: unknown) => {
        throw this.responder.of(request, error);
      },
    );
  }

  private admit(principal: Principal, request: GuardedRequest, policy: RoutePolicy): true {
    if (!policy.scopes.every((scope) => principal.scopes.includes(scope))) {
      throw this.responder.lacksScope(request, policy.scopes, principal);
    }
    request.user = principal;
    request.authorization = new TokenAuthorization(
      this.responder,
      this.authenticator,
      request,
      policy,
      principal,
    );
    return true;
  }
}
