import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js';
import type { Request } from 'express';

/**
 * Who is calling, as a verified token says: found in {@link Caller.extra}. Times are seconds since the epoch.
 * It has the marks of the backplane's `RevocableToken`, so that it can be handed to the deny list as it is.
 */
export type Principal = {
  readonly issuer: string;
  readonly subject: string;
  readonly jti: string | undefined;
  readonly roles: readonly string[];
  /** Names this one token, whatever bytes carried it: see {@link tokenIdOf}. */
  readonly tokenId: string;
  /** `iat`, rounded down to a whole second: a deny list compares it with whole seconds. */
  readonly issuedAt: number;
  /** The token is refused from this moment on: `exp`, and the clock tolerance of its issuer. */
  readonly refusedFrom: number;
};

/**
 * The SDK's `AuthInfo`, as the guard leaves it on `request.auth`. Frozen, and shared between the requests
 * that carry the same token.
 */
export interface Caller extends AuthInfo {
  readonly expiresAt: number;
  readonly extra: Principal;
}

/** A request that has passed the guard. */
export interface AuthenticatedRequest extends Request {
  readonly auth: Caller;
}
