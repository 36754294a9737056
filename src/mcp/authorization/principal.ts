import type { RevocableToken } from '../../backplane/index.js';
import type { User } from '../decorators/call-context.js';

/**
 * The caller, as its token describes it: what a tool may read of its user, and the properties that the deny list
 * compares. Read once, by the guard.
 */
export interface Principal extends User, RevocableToken {
  readonly subject: string;
  readonly issuer: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /**
   * Milliseconds since the epoch; the guard refuses the token from then on. Later than `expiresAt` by the clock
   * tolerance.
   */
  readonly refusedFrom: number;
  /** Identifies the owner of a session: issuer, subject and client id. */
  readonly key: string;
  /** Identifies the user with any client: issuer and subject. Limits and budgets use it. */
  readonly userKey: string;
}

const NO_CLAIMS: Principal['claims'] = Object.freeze({});

/** The principal with its keys; frozen, since many requests share it. */
export function principalOf(
  facts: Omit<Principal, 'claims' | 'key' | 'userKey'> & Partial<Pick<Principal, 'claims'>>,
): Principal {
  const { issuer, subject, clientId, claims = NO_CLAIMS } = facts;
  return Object.freeze({
    ...facts,
    claims,
    key: JSON.stringify([issuer, subject, clientId]),
    userKey: JSON.stringify([issuer, subject]),
  });
}
