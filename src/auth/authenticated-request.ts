import type { Request } from 'express';
import type { AuthorizedRequest, Principal } from '../mcp/index.js';
import type { TokenAuthorization } from './jwt-auth.guard.js';

/** A request that has passed the guard. */
export interface AuthenticatedRequest extends Request, AuthorizedRequest {
  /** The caller: frozen, and shared between requests that carry the same token. */
  readonly user: Principal;
  /** Checks of this request's token after the guard. */
  readonly authorization: TokenAuthorization;
}
