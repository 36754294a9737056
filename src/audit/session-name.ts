import { createHash } from 'node:crypto';

/** A session in log lines and audit records: the id itself is a secret of its client. */
export function sessionName(id: string): string {
  return createHash('sha256').update(id).digest('base64url').slice(0, 12);
}
