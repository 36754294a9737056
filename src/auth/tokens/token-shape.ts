import { decodeJwt, decodeProtectedHeader, type JWTPayload, type ProtectedHeaderParameters } from 'jose';
import { MAX_TOKEN_BYTES } from './bearer-header.js';
import { TokenError } from './token.error.js';

const ACCEPTED_TYPES = new Set(['jwt', 'at+jwt', 'application/at+jwt']);

/** `crit` and `b64` change how a token is read; the others would have it name the key that verifies it. */
const FORBIDDEN_PARAMETERS = ['crit', 'b64', 'jku', 'x5u', 'jwk', 'x5c'];

/**
 * Refuses what is not a plain signed access token (RFC 8725 §3.9, §3.11), before any key is touched, and
 * returns its claims unverified.
 *
 * @throws TokenError
 */
export function unverifiedClaimsOf(token: string): JWTPayload {
  if (token.length > MAX_TOKEN_BYTES) throw new TokenError('too_large');
  const parts = token.split('.');
  if (parts.length === 5) throw new TokenError('encrypted');
  if (parts.length !== 3) throw new TokenError('malformed');
  if (parts[1] === '') throw new TokenError('detached');
  checkHeader(decode(() => decodeProtectedHeader(token)));
  return decode(() => decodeJwt(token));
}

function checkHeader(header: ProtectedHeaderParameters): void {
  const { typ } = header;
  if (typeof typ !== 'string' || !ACCEPTED_TYPES.has(typ.toLowerCase())) throw new TokenError('wrong_type');
  for (const parameter of FORBIDDEN_PARAMETERS) {
    if (Object.hasOwn(header, parameter)) throw new TokenError('forbidden_header');
  }
}

function decode<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw new TokenError('malformed');
  }
}
