import type { RevocableToken } from '../../backplane/index.js';
import type { User } from '../decorators/call-context.js';

/**
 * Who is calling, as its token says: what a tool may see of its user, and the marks by which the deny list knows the
 * token. Read once, by the guard.
 */
export interface Principal extends User, RevocableToken {
  readonly subject: string;
  readonly issuer: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The guard refuses the token from then on: later than `expiresAt` by the tolerance of clocks. Milliseconds. */
  readonly refusedFrom: number;
  /** Names the owner of a session: issuer, subject and client id. */
  readonly key: string;
  /** Names the user, with whichever client: issuer and subject. Limits and budgets count for it. */
  readonly userKey: string;
}

/** The principal with its keys; frozen, since many requests share it. */
export function principalOf(claims: Omit<Principal, 'key' | 'userKey'>): Principal {
  const { issuer, subject, clientId } = claims;
  return Object.freeze({
    ...claims,
    key: JSON.stringify([issuer, subject, clientId]),
    userKey: JSON.stringify([issuer, subject]),
  });
}

/** When what a token brings at the moment `now` ends: at its expiry, or where that has passed, once it is refused. */
export function endOf({ expiresAt, refusedFrom }: Principal, now = Date.now()): number {
  return now < expiresAt ? expiresAt : refusedFrom;
}
