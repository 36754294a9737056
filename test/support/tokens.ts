import { SignJWT } from 'jose';
import { PUBLIC_URL, SECRET } from './test-app.js';

export interface TokenClaims {
  readonly sub?: string;
  readonly scope?: string;
  readonly clientId?: string;
  /** Milliseconds from now; a JWT may expire between two seconds. */
  readonly livesMs?: number;
  /** Milliseconds from now. */
  readonly issuedInMs?: number;
}

/** A token of a company's own login service: HS256 with the shared secret. */
export async function signToken(claims: TokenClaims = {}): Promise<string> {
  const { sub = 'alice', scope = 'mcp:access', clientId = 'e2e', livesMs = 600_000, issuedInMs = 0 } = claims;
  const now = Date.now();
  return new SignJWT({ sub, scope, client_id: clientId, iat: (now + issuedInMs) / 1000 })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(PUBLIC_URL)
    .setAudience(PUBLIC_URL)
    .setExpirationTime((now + livesMs) / 1000)
    .sign(new TextEncoder().encode(SECRET));
}
