import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { Request } from 'express';
import { AccessRefusal } from './access.refusal.js';
import type { Caller } from './caller.js';
import { IssuerUnavailableError } from './issuers/issuer-unavailable.error.js';
import { JwtStrategy } from './jwt.strategy.js';
import { RoutePolicies, type RoutePolicy } from './route.policies.js';
import { RevocationUnavailableError } from './tokens/revocation-unavailable.error.js';
import { TokenAuthenticator } from './tokens/token.authenticator.js';
import { TokenError } from './tokens/token.error.js';
import { TooManyFailuresError } from './tokens/too-many-failures.error.js';

/** What the guard leaves on a request. */
interface GuardedRequest extends Request {
  auth?: Caller;
  /** Rejects as the guard does when the token has been revoked since; its headers are on the response then. */
  reauthorize?: () => Promise<void>;
  /** What to throw where the token has expired since; its headers are on the response then. */
  tokenExpired?: () => unknown;
  /** What to throw where this caller lacks some of these scopes; its headers are on the response then. */
  lackingScopes?: (scopes: readonly string[]) => Error;
}

/**
 * Closes every route that is not `@Public()`: finds the caller by the `jwt` strategy, checks the scopes that
 * the route demands, and leaves the {@link Caller} on `request.auth`.
 *
 * Throws 401 with its challenge without a good token, 403 with its challenge where a scope is lacking, 429
 * with `Retry-After` to an address that has shown too many bad tokens, and 503 with `Retry-After` when the
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
        throw this.refusalOf(request, error, policy);
      },
    );
  }

  private admit(caller: Caller, request: GuardedRequest, policy: RoutePolicy): true {
    if (!policy.scopes.every((scope) => caller.scopes.includes(scope))) {
      throw this.refusal.lacksScope(request, policy.scopes, caller);
    }
    request.auth = caller;
    // For a handler that takes its time, reading a body: the token may have been revoked meanwhile.
    request.reauthorize = () =>
      this.authenticator.assertNotRevoked(caller).catch((error: unknown) => {
        throw this.refusalOf(request, error, policy, caller);
      });
    request.tokenExpired = () => this.refusalOf(request, new TokenError('expired'), policy, caller);
    request.lackingScopes = (scopes) =>
      this.refusal.lacksScope(request, [...policy.scopes, ...scopes], caller);
    return true;
  }

  private refusalOf(request: Request, error: unknown, { scopes }: RoutePolicy, caller?: Caller): unknown {
    if (error instanceof TokenError) return this.refusal.unauthorized(request, error, scopes, caller);
    if (error instanceof TooManyFailuresError) return this.refusal.tooManyFailures(request, error);
    if (error instanceof RevocationUnavailableError || error instanceof IssuerUnavailableError) {
      return this.refusal.unavailable(request, error);
    }
    return error;
  }
}
