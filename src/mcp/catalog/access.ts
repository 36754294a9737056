import type { PrimitiveOptions, RequiredScopes } from '../decorators/primitive-options.js';
import { WiringError } from '../decorators/wiring.error.js';

/** RFC 6749, section 3.3: scope-token. */
const SCOPE = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

/** What a caller may do with an entry: use it, not even know of it, or know of it and ask for more scopes. */
export type Verdict = 'allowed' | 'hidden' | 'step_up';

/** Who may use an entry of the catalogue: the one place where that is decided, for lists and for calls. */
export class Access {
  /** Every scope that makes a difference. */
  readonly scopes: readonly string[];
  private readonly any: boolean;

  constructor(
    required: RequiredScopes = [],
    private readonly stepUp = false,
  ) {
    this.any = 'anyOf' in required;
    this.scopes = 'anyOf' in required ? required.anyOf : required;
  }

  /** Throws {@link WiringError} for scopes that nobody can have, or that would keep nobody out. */
  static of({ scopes, stepUp }: PrimitiveOptions, className: string): Access {
    if (scopes !== undefined) assertScopes(scopes, className);
    return new Access(scopes, stepUp);
  }

  /** The verdict on a caller with these scopes. */
  verdict(scopes: readonly string[]): Verdict {
    if (this.isMet(scopes)) return 'allowed';
    return this.stepUp ? 'step_up' : 'hidden';
  }

  private isMet(scopes: readonly string[]): boolean {
    if (this.scopes.length === 0) return true;
    const has = (scope: string): boolean => scopes.includes(scope);
    return this.any ? this.scopes.some(has) : this.scopes.every(has);
  }
}

/** Also what the compiler has not seen: a text or an empty `anyOf` would open the entry to everybody. */
function assertScopes(required: RequiredScopes, className: string): void {
  const any = !Array.isArray(required);
  const scopes: unknown = any ? (required as { anyOf?: unknown } | null)?.anyOf : required;
  const areScopes =
    Array.isArray(scopes) && scopes.every((scope) => typeof scope === 'string' && SCOPE.test(scope));
  if (areScopes && (!any || scopes.length > 0)) return;
  const mend = 'use a list of names without blanks, quotes or \\, or { anyOf: [ … ] } with one at least';
  throw new WiringError(className, `scopes cannot be met as they are; ${mend}`);
}
