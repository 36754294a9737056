import type { IncomingMessage } from 'node:http';
import type { AuthInfo } from '../messages/sdk-types.js';

/** What the guard goes on to say of a caller that it has let in. */
export interface Admission {
  /** Asks again, after a step that took time, and rejects as the guard does. */
  reauthorize(): Promise<void>;
  /** What to throw where the token has expired since: 401 with its challenge. */
  tokenExpired(): Error;
  /** What to throw where the token lacks some of these scopes: 403 with its challenge, RFC 6750, section 3.1. */
  lackingScopes(scopes: readonly string[]): Error;
}

/** A request whose caller the guard has identified. */
export type AuthenticatedRequest = IncomingMessage & {
  readonly auth: AuthInfo;
  readonly admission: Admission;
  /** Address of the client; a forwarded one only from a trusted proxy. */
  readonly ip?: string;
};
