import type { Request } from 'express';
import type { Principal } from '../mcp/index.js';
import type { TokenAuthorization } from './token.authorization.js';

/** A request that has passed the guard. */
export interface AuthenticatedRequest extends Request {
  /** Who is calling: frozen, and shared between the requests that carry the same token. */
  readonly user: Principal;
  /** What may still be asked of its token. */
  readonly authorization: TokenAuthorization;
}
