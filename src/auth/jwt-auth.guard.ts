import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { Request } from 'express';
import { AuthResponder } from './auth.responder.js';
import { TokenAuthorization } from './token.authorization.js';
import type { AuthorizedRequest, Principal } from '../mcp/index.js';
import { RoutePolicies, type RoutePolicy } from './route.policies.js';
import { TokenAuthenticator } from './tokens/token.authenticator.js';

/** The properties that the guard sets on a request. */
interface GuardedRequest extends Request, AuthorizedRequest {
  user?: Principal;
  authorization?: TokenAuthorization;
}

/**
 * Protects every route that is not `@Public()`: identifies the caller, checks the scopes that the
 * route requires, and sets the {@link Principal} as `request.user` and a {@link TokenAuthorization} as
 * `request.authorization`.
 *
 * Throws 401 with a challenge without a valid token, 403 with a challenge where a scope is missing, 429 with
 * `Retry-After` instead of 401 to an address that has sent too many invalid tokens, and 503 with `Retry-After` when the
 * deny list or the issuer's keys are unavailable. It sets the headers on the response before it throws.
 */
@Injectable()
export class JwtAuthGuard extends AuthGuard('jwt') {
  constructor(
    private readonly authenticator: TokenAuthenticator,
    private readonly policies: RoutePolicies,
    private readonly responder: AuthResponder,
  ) {
    super();
  }

  /**
   * Calls the authenticator of its own application. Passport has one strategy per name in a process: of two
   * applications, one would use the key and deny list of the other.
   */
  override canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (context.getType() !== 'http') return false;
    const policy = this.policies.of(context.getClass(), context.getHandler());
    if (policy.open) return true;
    const request: GuardedRequest = this.getRequest(context);
    const principal = this.authenticator.authenticate(request);
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
