import { createHash } from 'node:crypto';

/**
 * The name under which one token can be revoked: its `jti` with its issuer, or else what was signed.
 * Never the whole token: the last character of a base64url signature has spare bits, so that several
 * spellings verify.
 */
export function tokenIdOf(token: string, issuer: string, jti: string | undefined): string {
  const mark = jti === undefined ? token.slice(0, token.lastIndexOf('.')) : `${issuer}\0${jti}`;
  return createHash('sha256').update(mark).digest('base64url');
}
