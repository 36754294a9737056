import type { RevocableToken } from '../../backplane/index.js';
import type { User } from '../decorators/call-context.js';
import type { AuthInfo } from '../messages/sdk-types.js';

/** The marks by which the deny list knows the token, beside what a tool may see of its caller. */
export interface Principal extends User, RevocableToken {
  readonly subject: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The guard refuses the token from then on: later than `expiresAt` by the tolerance of clocks. Milliseconds. */
  readonly refusedFrom: number;
  /** Two tokens with the same key are the same principal: (iss, sub, client_id). */
  readonly key: string;
}

const userKeys = new WeakMap<Principal, string>();

/** Names the user: who a token speaks for, whichever of their programs shows it. */
export function userKeyOf(principal: Principal): string {
  let key = userKeys.get(principal);
  if (key === undefined) {
    key = JSON.stringify([principal.issuer, principal.subject]);
    userKeys.set(principal, key);
  }
  return key;
}

const principals = new WeakMap<AuthInfo, Principal>();

/**
 * Reads the principal out of the SDK's `AuthInfo`, whose `extra` carries `issuer`, `subject`, `roles`,
 * `tokenId`, `jti`, `issuedAt` and, where it is later than `expiresAt`, `refusedFrom`. Remembered for as long as the `AuthInfo` itself is.
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
  const { issuer, subject, tokenId, jti, issuedAt, roles, refusedFrom } = extra;
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
    refusedFrom: (typeof refusedFrom === 'number' ? refusedFrom : expiresAt) * 1000,
    key: JSON.stringify([issuer, subject, clientId]),
  };
}

/** When what a token brings at the moment `now` ends: at its expiry, or where that has passed, once it is refused. */
export function endOf({ expiresAt, refusedFrom }: Principal, now = Date.now()): number {
  return now < expiresAt ? expiresAt : refusedFrom;
}
