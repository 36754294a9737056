import type { ServerResponse } from 'node:http';
import type { RequestAuthorization } from '../authorization/request-authorization.js';
import { unknownSession } from '../messages/refused.error.js';

/**
 * Refuses a request whose session or stateless peer ended before there was anything to answer it with: 401 where its
 * token is no good any more, 404 where the session alone has ended. A bare 202 would have its client wait.
 */
export async function refuseUnanswered(
  authorization: RequestAuthorization,
  response: ServerResponse,
): Promise<void> {
  if (response.destroyed) return;
  await authorization.reauthorize();
  if (authorization.principal.expiresAt <= Date.now()) throw authorization.tokenExpired();
  throw unknownSession();
}
