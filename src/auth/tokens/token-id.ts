import { createHash } from 'node:crypto';

/**
 * The name under which one token can be revoked: its `jti` with its issuer, or else what was signed.
 * Never the signature: an ECDSA key signs the same claims with another one each time.
 */
export function tokenIdOf(token: string, issuer: string, jti: string | undefined): string {
  const mark = jti === undefined ? token.slice(0, token.lastIndexOf('.')) : `${issuer}\0${jti}`;
  return createHash('sha256').update(mark).digest('base64url');
}
