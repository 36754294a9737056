import { decodeJwt, decodeProtectedHeader, type JWTPayload, type ProtectedHeaderParameters } from 'jose';
import { TokenError } from './token.error.js';

/** A longer token is refused before it is parsed. Tokens are ASCII: characters are bytes. */
export const MAX_TOKEN_BYTES = 8 * 1024;

/** `crit` and `b64` change how a token is read; with the others the token would choose its own key. */
const FORBIDDEN_PARAMETERS = ['crit', 'b64', 'jku', 'x5u', 'jwk', 'x5c'];

/** The header and claims of a token before verification. */
export interface UnverifiedParts {
  /** The header `typ`. */
  readonly type: unknown;
  readonly claims: JWTPayload;
}

/**
 * Refuses anything but a plain signed token (RFC 8725 §3.9), before a key is used.
 *
 * @throws TokenError
 */
export function unverifiedPartsOf(token: string): UnverifiedParts {
  if (token.length > MAX_TOKEN_BYTES) throw new TokenError('too_large');
  const parts = token.split('.');
  if (parts.length === 5) throw new TokenError('encrypted');
  if (parts.length !== 3) throw new TokenError('malformed');
  if (parts[1] === '') throw new TokenError('detached');
  const header = decode(() => decodeProtectedHeader(token));
  checkHeader(header);
  if (!parts.every(isCanonical)) throw new TokenError('malformed');
  return { type: header.typ, claims: decode(() => decodeJwt(token)) };
}

/**
 * Whether a part is canonical base64url (RFC 7515 §2, RFC 4648 §3.5). A decoder ignores padding, other alphabets and
 * unused bits, so one token would have several spellings.
 */
function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part;
}

function checkHeader(header: ProtectedHeaderParameters): void {
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
