import type { JWTPayload } from 'jose';
import { TokenError } from './token.error.js';
import type { TrustedIssuer } from './trusted-issuer.js';

/** Claims of an ID token that an access token does not have (OpenID Connect Core 1.0 §2, §3.3.2.11). */
const ID_TOKEN_CLAIMS = ['nonce', 'at_hash', 'c_hash'];

/**
 * Checks that a token is an access token (RFC 8725 §3.11): by its `typ`, and where that is only `JWT`, by its claims.
 * Keycloak names the type in a claim, and can be configured to add a nonce to access tokens.
 *
 * @throws TokenError
 */
export function checkType(type: unknown, claims: JWTPayload, { types, isExternal }: TrustedIssuer): void {
  const name = type === undefined ? '' : type;
  if (typeof name !== 'string' || !types.has(name.toLowerCase())) throw new TokenError('wrong_type');
  if (!isExternal || name.toLowerCase().endsWith('at+jwt')) return;
  const kind = claims['typ'];
  if (kind === 'Bearer') return;
  if (kind !== undefined || ID_TOKEN_CLAIMS.some((claim) => Object.hasOwn(claims, claim))) {
    throw new TokenError('wrong_type');
  }
}
