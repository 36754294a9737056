import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { type Principal, principalOf } from '../../authorization/principal.js';
import type { RequestAuthorization } from '../../authorization/request-authorization.js';
import { RefusedError } from '../../messages/refused.error.js';

/** `issuer` of the user who started the process; no token may have it. */
const LOCAL_ISSUER = 'urn:mcp-server:local';

/**
 * The authorization of the operating system's user who started the process, valid while it runs. There is no token. MCP
 * 2025-11-25, Authorization, "Protocol Requirements".
 */
export class LocalAuthorization implements RequestAuthorization {
  readonly principal: Principal;

  constructor(scopes: readonly string[]) {
    this.principal = principalOf({
      subject: userName(),
      issuer: LOCAL_ISSUER,
      clientId: '',
      scopes,
      roles: [],
      tokenId: randomUUID(),
      jti: undefined,
      issuedAt: Math.floor(Date.now() / 1000),
      expiresAt: Number.POSITIVE_INFINITY,
      refusedFrom: Number.POSITIVE_INFINITY,
    });
  }

  reauthorize(): undefined {
    return undefined;
  }

  tokenExpired(): Error {
    return new TypeError('There is no token that could expire');
  }

  lackingScopes(scopes: readonly string[]): Error {
    const message = `This request needs scopes that STDIO_SCOPES does not have: ${scopes.join(' ')}`;
    return new RefusedError('insufficient_scope', message);
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container the user may have a number without a name.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
