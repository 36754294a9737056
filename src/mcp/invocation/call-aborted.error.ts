import { IntrinsicException } from '@nestjs/common';
import type { AbortCause } from '../sessions/peer.js';

const MESSAGES: Record<AbortCause, string> = {
  cancelled: 'The client cancelled the call',
  timeout: 'The call took longer than it may',
  session_closed: 'The session has ended',
  shutdown: 'The server is shutting down',
};

/** A call was given up before its handler had answered. It is the `reason` of the tool's `signal`. */
export class CallAbortedError extends IntrinsicException {
  override readonly name = 'CallAbortedError';

  constructor(readonly outcome: AbortCause) {
    super(MESSAGES[outcome]);
  }
}
