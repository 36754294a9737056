import { IntrinsicException } from '@nestjs/common';
import type { AbortCause } from '../sessions/peer.js';

const MESSAGES: Record<AbortCause, string> = {
  cancelled: 'The client cancelled the call',
  timeout: 'The call took longer than it may',
  client_disconnected: 'The client closed the connection',
  slow_client: 'The client did not read what it was sent',
  token_expired: 'The token has expired',
  token_revoked: 'The token was revoked',
  session_closed: 'The session has ended',
  shutdown: 'The server is shutting down',
};

/** A call was aborted before its handler had answered. It is the `reason` of the call's `signal`. */
export class CallAbortedError extends IntrinsicException {
  override readonly name = 'CallAbortedError';

  constructor(readonly outcome: AbortCause) {
    super(MESSAGES[outcome]);
  }
}
