import { createHash } from 'node:crypto';

/** The name of a session in log lines and audit records; the session id itself is a secret of its client. */
export function sessionName(id: string): string {
  return createHash('sha256').update(id).digest('base64url').slice(0, 12);
}
