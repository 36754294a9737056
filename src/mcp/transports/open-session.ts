import { principalOf } from '../sessions/principal.js';
import type { SessionTransport } from '../sessions/peer.js';
import type { Session } from '../sessions/session.js';
import type { SessionService } from '../sessions/session.service.js';
import type { AuthenticatedRequest } from './authenticated-request.js';

/**
 * Opens a session for the caller of a request. The guard is asked once more when the session is there to be
 * told: a token that was revoked before that would keep it.
 */
export async function openSession(
  sessions: SessionService,
  request: AuthenticatedRequest,
  transport: SessionTransport,
): Promise<Session> {
  const session = await sessions.open(principalOf(request.auth), transport);
  try {
    await request.admission.reauthorize();
  } catch (error) {
    sessions.close(session, 'token_revoked');
    throw error;
  }
  return session;
}
