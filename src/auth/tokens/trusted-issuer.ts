import { createSecretKey, type KeyObject } from 'node:crypto';
import type { JWTVerifyGetKey } from 'jose';
import {
  DEFAULT_CLAIMS,
  DEVELOPMENT_ISSUER,
  type AuthSettings,
  type ClaimNames,
  type ExternalIssuer,
} from '../../config/index.js';
import { IssuerKeys } from '../issuers/issuer.keys.js';

/** Whose tokens are believed, and on what terms. A token's own `iss` chooses it, and is then verified. */
export interface TrustedIssuer {
  /** Equals `iss` to the letter. */
  readonly issuer: string;
  /** Whether it signs with keys of its own; otherwise it shares `JWT_SECRET`. */
  readonly isExternal: boolean;
  /**
   * A key object made once, since jose imports a secret given as text or bytes anew for each token; or who
   * looks the key up. That one throws `IssuerUnavailableError` when there are no keys.
   */
  readonly key: KeyObject | JWTVerifyGetKey;
  readonly algorithms: readonly string[];
  /** `aud` must hold one of these to the letter. */
  readonly audiences: readonly string[];
  /** What the header `typ` may be, in lower case; the empty text stands for none. */
  readonly types: ReadonlySet<string>;
  readonly claims: ClaimNames;
  /** How far its clock may be off. */
  readonly clockToleranceSeconds: number;
  /**
   * How far ahead of ours the clock may be that a token's `iat` was written by. The development token route writes
   * it by this server's own.
   */
  readonly aheadSeconds: number;
  /** What its tokens may carry at most; undefined: whatever they say. */
  readonly ceiling: ReadonlySet<string> | undefined;
  /** Whether `mcp:admin` of its tokens reaches those of other issuers. */
  readonly administersAll: boolean;
  /** The longest `exp − iat`. */
  readonly maxLifetimeSeconds: number;
}

/** Injection token of the issuers, by name. */
export const TRUSTED_ISSUERS = Symbol('TRUSTED_ISSUERS');

export type TrustedIssuers = ReadonlyMap<string, TrustedIssuer>;

/** The issuers that share `JWT_SECRET`, where there is one, and the external ones. */
export function trustedIssuersFrom(settings: AuthSettings): TrustedIssuers {
  const external = settings.externalIssuers.map((issuer) => externalIssuer(issuer, settings));
  return new Map([...sharers(settings), ...external].map((issuer) => [issuer.issuer, issuer]));
}

/** Production never trusts the development route's tokens. */
function sharers(settings: AuthSettings): readonly TrustedIssuer[] {
  if (settings.secret === undefined) return [];
  const terms = {
    isExternal: false,
    key: createSecretKey(settings.secret, 'utf8'),
    algorithms: ['HS256'],
    audiences: spellingsOf(settings.audience),
    types: accepted(['JWT', 'at+jwt']),
    claims: DEFAULT_CLAIMS,
    clockToleranceSeconds: settings.clockToleranceSeconds,
    ceiling: undefined,
    administersAll: true,
    maxLifetimeSeconds: settings.maxLifetimeSeconds,
  };
  const own = { ...terms, issuer: settings.issuer, aheadSeconds: settings.clockToleranceSeconds };
  if (!settings.developmentTokens) return [own];
  return [own, { ...terms, issuer: DEVELOPMENT_ISSUER, aheadSeconds: 0 }];
}

function externalIssuer(external: ExternalIssuer, settings: AuthSettings): TrustedIssuer {
  return {
    issuer: external.issuer,
    isExternal: true,
    key: new IssuerKeys(external).keyFor,
    algorithms: external.algorithms,
    audiences: external.audiences.flatMap(spellingsOf),
    types: accepted(external.types),
    claims: external.claims,
    clockToleranceSeconds: external.clockToleranceSeconds,
    aheadSeconds: external.clockToleranceSeconds,
    ceiling: external.scopes && new Set(external.scopes),
    administersAll: external.administers === 'all',
    maxLifetimeSeconds: settings.maxLifetimeSeconds,
  };
}

/** `at+jwt` may be written out in full (RFC 9068 §2.1). */
function accepted(types: readonly string[]): ReadonlySet<string> {
  const lower = types.map((type) => type.toLowerCase());
  return new Set(lower.includes('at+jwt') ? [...lower, 'application/at+jwt'] : lower);
}

/** Clients spell the root of an origin with and without its slash. */
function spellingsOf(audience: string): readonly string[] {
  const bare = audience.endsWith('/') ? audience.slice(0, -1) : audience;
  return [bare, `${bare}/`];
}
