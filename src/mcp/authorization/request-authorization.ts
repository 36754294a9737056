import type { Principal } from './principal.js';

/** What may still be asked of the token of a request that the guard has let in. */
export interface RequestAuthorization {
  readonly principal: Principal;
  /** Asks again, after a step that took time: throws or rejects as the guard does. Undefined: it is still good. */
  reauthorize(): Promise<void> | undefined;
  /** What to throw where the token has expired since. */
  tokenExpired(): Error;
  /** What to throw where the token lacks some of these scopes. */
  lackingScopes(scopes: readonly string[]): Error;
}
