import { createSecretKey, type KeyObject } from 'node:crypto';
import { DEVELOPMENT_ISSUER, type AuthSettings } from '../../config/index.js';

/** Whose tokens are believed, and on what terms. A token's own `iss` chooses it, and is then verified. */
export interface TrustedIssuer {
  /** Equals `iss` to the letter. */
  readonly issuer: string;
  /** A key object made once: jose imports a secret given as text or bytes anew for each token. */
  readonly key: KeyObject;
  readonly algorithms: readonly string[];
  /** `aud` must hold one of these to the letter. */
  readonly audiences: readonly string[];
  /** The longest `exp − iat`. */
  readonly maxLifetimeSeconds: number;
}

/** Injection token of the issuers, by name. */
export const TRUSTED_ISSUERS = Symbol('TRUSTED_ISSUERS');

export type TrustedIssuers = ReadonlyMap<string, TrustedIssuer>;

/** The issuers that share `JWT_SECRET`. Production never trusts the development route's tokens. */
export function trustedIssuersFrom(settings: AuthSettings): TrustedIssuers {
  const terms = {
    key: createSecretKey(settings.secret, 'utf8'),
    algorithms: ['HS256'],
    audiences: spellingsOf(settings.audience),
    maxLifetimeSeconds: settings.maxLifetimeSeconds,
  };
  const names = settings.developmentTokens ? [settings.issuer, DEVELOPMENT_ISSUER] : [settings.issuer];
  return new Map(names.map((issuer) => [issuer, { issuer, ...terms }]));
}

/** Clients spell the root of an origin with and without its slash. */
function spellingsOf(audience: string): readonly string[] {
  const bare = audience.endsWith('/') ? audience.slice(0, -1) : audience;
  return [bare, `${bare}/`];
}
