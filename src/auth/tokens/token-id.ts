import { createHash } from 'node:crypto';

/**
 * Identifies one token for revocation: its issuer and `jti`, or else a hash of the signed part. Never the signature: an
 * ECDSA key signs the same claims differently each time.
 */
export function tokenIdOf(token: string, issuer: string, jti: string | undefined): string {
  const mark = jti === undefined ? token.slice(0, token.lastIndexOf('.')) : `${issuer}\0${jti}`;
  return createHash('sha256').update(mark).digest('base64url');
}
