import type { IncomingMessage } from 'node:http';
import type { AuthInfo } from '../protocol/sdk-types.js';

/** A request whose caller the guard has identified. */
export type AuthenticatedRequest = IncomingMessage & {
  readonly auth: AuthInfo;
  /** Where the guard leaves it: asks again, after a step that took time, and rejects as the guard does. */
  readonly reauthorize?: () => Promise<void>;
  /** Where the guard leaves it: what to throw where the token has expired since, 401 with its challenge. */
  readonly tokenExpired?: () => Error;
  /** What to throw where the token lacks some of these scopes: 403 with its challenge, RFC 6750, section 3.1. */
  readonly lackingScopes: (scopes: readonly string[]) => Error;
};
