import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import type { Principal } from '../../sessions/principal.js';

/** `issuer` of whoever started the process: no token's issuer may be this. */
const LOCAL_ISSUER = 'urn:mcp-server:local';

/**
 * Who calls over standard input: the user of the operating system that started the process, for as long as it
 * lives. There is no token. MCP 2025-11-25, Authorization, "Protocol Requirements".
 */
export function localPrincipal(scopes: readonly string[]): Principal {
  const subject = userName();
  return {
    subject,
    issuer: LOCAL_ISSUER,
    clientId: '',
    scopes,
    roles: [],
    tokenId: randomUUID(),
    jti: undefined,
    issuedAt: Math.floor(Date.now() / 1000),
    expiresAt: Number.POSITIVE_INFINITY,
    refusedFrom: Number.POSITIVE_INFINITY,
    key: JSON.stringify([LOCAL_ISSUER, subject, '']),
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a number that has no name.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
