import type { EntryOptions, RequiredScopes } from '../decorators/entry-options.js';

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

  static of({ scopes, stepUp }: EntryOptions): Access {
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
