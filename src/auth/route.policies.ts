import { Injectable, type ExecutionContext, type Type } from '@nestjs/common';
import { PUBLIC_METADATA } from './public.decorator.js';
import { REQUIRED_SCOPES_METADATA } from './require-scopes.decorator.js';
import { ACCESS_SCOPE } from './scopes.js';

type Handler = ReturnType<ExecutionContext['getHandler']>;

export interface RoutePolicy {
  readonly open: boolean;
  readonly scopes: readonly string[];
}

const OPEN: RoutePolicy = { open: true, scopes: [] };
const DEFAULT: RoutePolicy = { open: false, scopes: [ACCESS_SCOPE] };

/** The scopes that each route requires. Decorators do not change at run time, so each is read once. */
@Injectable()
export class RoutePolicies {
  private readonly known = new WeakMap<Type, WeakMap<Handler, RoutePolicy>>();

  of(controller: Type, handler: Handler): RoutePolicy {
    let policies = this.known.get(controller);
    if (policies === undefined) this.known.set(controller, (policies = new WeakMap()));
    let policy = policies.get(handler);
    if (policy === undefined) {
      policy = declaredOn(handler) ?? declaredOn(controller) ?? DEFAULT;
      policies.set(handler, policy);
    }
    return policy;
  }
}

/** If a target has both decorators, `@RequireScopes()` applies. */
function declaredOn(target: Handler | Type): RoutePolicy | undefined {
  const scopes: readonly string[] | undefined = Reflect.getMetadata(REQUIRED_SCOPES_METADATA, target);
  if (scopes !== undefined) return { open: false, scopes };
  return Reflect.getMetadata(PUBLIC_METADATA, target) === true ? OPEN : undefined;
}
