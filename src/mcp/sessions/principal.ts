import type { RevocableToken } from '../../backplane/index.js';
import type { User } from '../decorators/call-context.js';
import type { AuthInfo } from '../messages/sdk-types.js';

/** The marks by which the deny list knows the token, beside what a tool may see of its caller. */
export interface Principal extends User, RevocableToken {
  readonly subject: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Two tokens with the same key are the same principal: (iss, sub, client_id). */
  readonly key: string;
}

/** Names the user: who a token speaks for, whichever of their programs shows it. */
export function userKeyOf({ issuer, subject }: Principal): string {
  return JSON.stringify([issuer, subject]);
}

const principals = new WeakMap<AuthInfo, Principal>();

/**
 * Reads the principal out of the SDK's `AuthInfo`, whose `extra` carries `issuer`, `subject`, `roles`,
 * `tokenId`, `jti` and `issuedAt`. Remembered for as long as the `AuthInfo` itself is.
 */
export function principalOf(auth: AuthInfo): Principal {
  let principal = principals.get(auth);
  if (principal === undefined) {
    principal = readPrincipal(auth);
    principals.set(auth, principal);
  }
  return principal;
}

function readPrincipal({ clientId, scopes, expiresAt, extra = {} }: AuthInfo): Principal {
  const { issuer, subject, tokenId, jti, issuedAt, roles } = extra;
  if (typeof issuer !== 'string' || typeof subject !== 'string' || typeof tokenId !== 'string') {
    throw new TypeError('AuthInfo.extra must carry "issuer", "subject" and "tokenId"');
  }
  if (typeof expiresAt !== 'number' || typeof issuedAt !== 'number') {
    throw new TypeError('AuthInfo must carry "expiresAt" and extra.issuedAt');
  }
  return {
    subject,
    issuer,
    clientId,
    scopes,
    roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [],
    tokenId,
    jti: typeof jti === 'string' ? jti : undefined,
    issuedAt,
    expiresAt: expiresAt * 1000,
    key: JSON.stringify([issuer, subject, clientId]),
  };
}
