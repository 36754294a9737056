import type { ServerResponse } from 'node:http';
import { principalOf } from '../sessions/principal.js';
import { unknownSession } from '../sessions/request-refused.js';
import type { AuthenticatedRequest } from './authenticated-request.js';

/**
 * Refuses a request whose session or visit ended before there was anything to answer it with: 401 where its
 * token is no good any more, 404 where the session alone has ended. A bare 202 would have its client wait.
 */
export async function refuseUnanswered(
  request: AuthenticatedRequest,
  response: ServerResponse,
): Promise<void> {
  if (response.destroyed) return;
  await request.admission.reauthorize();
  if (principalOf(request.auth).expiresAt <= Date.now()) throw request.admission.tokenExpired();
  throw unknownSession();
}
