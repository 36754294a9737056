import type { Principal } from './principal.js';

/** The authorization of a request after the guard has accepted it. */
export interface RequestAuthorization {
  readonly principal: Principal;
  /** When the guard accepted the request; milliseconds since the epoch. Saves a reading of the clock. */
  readonly authorizedAt?: number;
  /**
   * Checks the token again, after a step that took time: throws or rejects as the guard does. Undefined: still valid.
   * `now`: milliseconds since the epoch, if the caller has just read the clock.
   */
  reauthorize(now?: number): Promise<void> | undefined;
  /** The error to throw where the token has expired since. */
  tokenExpired(): Error;
  /** The error to throw where the token lacks some of these scopes. */
  lackingScopes(scopes: readonly string[]): Error;
}

/** What the guard of the application sets on a request that it accepts. */
export interface AuthorizedRequest {
  readonly authorization?: RequestAuthorization;
}
