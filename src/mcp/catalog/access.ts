import type { PrimitiveOptions, RequiredScopes } from '../decorators/primitive-options.js';
import { WiringError } from '../decorators/wiring.error.js';

/** RFC 6749, section 3.3: scope-token. */
const SCOPE = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

/** What a caller may do with a primitive: use it, not see it, or see it and request more scopes. */
export type Verdict = 'allowed' | 'hidden' | 'step_up';

/** Decides which callers may use a primitive, for lists and for calls. */
export class Access {
  /** Every scope that the decision depends on. */
  readonly scopes: readonly string[];
  private readonly any: boolean;

  constructor(
    required: RequiredScopes = [],
    private readonly stepUp = false,
  ) {
    this.any = 'anyOf' in required;
    this.scopes = 'anyOf' in required ? required.anyOf : required;
  }

  /** Throws {@link WiringError} for scopes that no token can have, or that would exclude no caller. */
  static of({ scopes, stepUp }: PrimitiveOptions, className: string): Access {
    if (scopes !== undefined) assertScopes(scopes, className);
    return new Access(scopes, stepUp);
  }

  /** The decision for a caller with these scopes. */
  verdict(scopes: readonly string[]): Verdict {
    if (this.scopes.length === 0) return 'allowed';
    const has = (scope: string): boolean => scopes.includes(scope);
    if (this.any ? this.scopes.some(has) : this.scopes.every(has)) return 'allowed';
    return this.stepUp ? 'step_up' : 'hidden';
  }
}

/** At run time too: a string or an empty `anyOf` would open the primitive to every caller. */
function assertScopes(required: RequiredScopes, className: string): void {
  const any = !Array.isArray(required);
  const scopes: unknown = any ? (required as { anyOf?: unknown } | null)?.anyOf : required;
  const areScopes =
    Array.isArray(scopes) && scopes.every((scope) => typeof scope === 'string' && SCOPE.test(scope));
  if (areScopes && (!any || scopes.length > 0)) return;
  const mend = 'use a list of names without blanks, quotes or \\, or { anyOf: [ … ] } with one at least';
  throw new WiringError(className, `no token can have these scopes; ${mend}`);
}
