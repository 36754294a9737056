import { Injectable, type ExecutionContext, type Type } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { Request } from 'express';
import { AuthResponder } from './auth.responder.js';
import type { AuthorizedRequest, Principal, RequestAuthorization } from '../mcp/index.js';
import { PUBLIC_METADATA } from './public.decorator.js';
import { REQUIRED_SCOPES_METADATA } from './require-scopes.decorator.js';
import { ACCESS_SCOPE } from './scopes.js';
import { TokenAuthenticator } from './tokens/token.authenticator.js';
import { TokenError } from './tokens/token.error.js';

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
  /** Decorators do not change at run time, so each is read once. Two controllers may inherit one handler. */
  private readonly policies = new WeakMap<Type, WeakMap<Handler, RoutePolicy>>();

  constructor(
    private readonly authenticator: TokenAuthenticator,
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
    const controller = context.getClass();
    const handler = context.getHandler();
    const policy = this.policies.get(controller)?.get(handler) ?? this.readPolicy(controller, handler);
    if (policy.open) return true;
    const request: GuardedRequest = this.getRequest(context);
    const now = Date.now();
    const principal = this.authenticator.authenticate(request, now);
    if (!(principal instanceof Promise)) return this.admit(principal, request, policy, now);
    return principal.then(
      (found) => this.admit(found, request, policy, Date.now()),
      (error: unknown) => {
        throw this.responder.of(request, error);
      },
    );
  }

  private admit(principal: Principal, request: GuardedRequest, policy: RoutePolicy, now: number): true {
    for (const scope of policy.scopes) {
      if (principal.scopes.includes(scope)) continue;
      throw this.responder.lacksScope(request, policy.scopes, principal);
    }
    const { responder, authenticator } = this;
    request.user = principal;
    request.authorization = new TokenAuthorization(responder, authenticator, request, policy, principal, now);
    return true;
  }

  private readPolicy(controller: Type, handler: Handler): RoutePolicy {
    const policy = policyOf(controller, handler);
    const policies = this.policies.get(controller) ?? new WeakMap<Handler, RoutePolicy>();
    this.policies.set(controller, policies.set(handler, policy));
    return policy;
  }
}

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
    readonly authorizedAt: number,
  ) {}

  reauthorize(now?: number): Promise<void> | undefined {
    const verdict = this.authenticator.isRevoked(this.principal, now);
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

type Handler = ReturnType<ExecutionContext['getHandler']>;

/** What a route requires. */
export interface RoutePolicy {
  readonly open: boolean;
  readonly scopes: readonly string[];
}

const OPEN: RoutePolicy = { open: true, scopes: [] };
const DEFAULT: RoutePolicy = { open: false, scopes: [ACCESS_SCOPE] };

/** The decorators of a handler override those of its controller. */
export function policyOf(controller: Type, handler: Handler): RoutePolicy {
  return declaredOn(handler) ?? declaredOn(controller) ?? DEFAULT;
}

/** If a target has both decorators, `@RequireScopes()` applies. */
function declaredOn(target: Handler | Type): RoutePolicy | undefined {
  const scopes: readonly string[] | undefined = Reflect.getMetadata(REQUIRED_SCOPES_METADATA, target);
  if (scopes !== undefined) return { open: false, scopes };
  return Reflect.getMetadata(PUBLIC_METADATA, target) === true ? OPEN : undefined;
}
