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

/** An issuer whose tokens are accepted, with its requirements. A token's `iss` selects it and is then verified. */
export interface TrustedIssuer {
  /** Compared exactly with `iss`. */
  readonly issuer: string;
  /** Whether it has signing keys of its own; otherwise it shares `JWT_SECRET`. */
  readonly isExternal: boolean;
  /**
   * A key object created once, since jose imports a secret given as text or bytes again for each token; or a function
   * that finds the key, which throws `IssuerUnavailableError` when there are no keys.
   */
  readonly key: KeyObject | JWTVerifyGetKey;
  readonly algorithms: readonly string[];
  /** `aud` must contain one of these. */
  readonly audiences: readonly string[];
  /** Accepted values of the header `typ`, in lower case; the empty text stands for a missing one. */
  readonly types: ReadonlySet<string>;
  readonly claims: ClaimNames;
  /** Accepted clock difference, for `exp`, `nbf` and `iat`. */
  readonly clockToleranceSeconds: number;
  /** How far `iat` may be ahead of this server's clock. The development token route uses the same clock. */
  readonly aheadSeconds: number;
  /** The maximum scopes of its tokens; undefined: no maximum. */
  readonly ceiling: ReadonlySet<string> | undefined;
  /** Whether `mcp:admin` in its tokens covers tokens of other issuers. */
  readonly administersAll: boolean;
  /** Maximum of `exp − iat`. */
  readonly maxLifetimeSeconds: number;
}

/** Injection token of the issuers, by name. */
export const TRUSTED_ISSUERS = Symbol('TRUSTED_ISSUERS');

export type TrustedIssuers = Pick<ReadonlyMap<string, TrustedIssuer>, 'get' | 'values'>;

/**
 * The issuers, made when the first token arrives: in an application that mounts the server its address is final by then
 * only.
 */
export function deferredIssuers(settings: AuthSettings): TrustedIssuers {
  let made: TrustedIssuers | undefined;
  const issuers = (): TrustedIssuers => (made ??= trustedIssuersFrom(settings));
  return { get: (issuer) => issuers().get(issuer), values: () => issuers().values() };
}

/** The issuers that share `JWT_SECRET`, where there is one, and the external ones. */
export function trustedIssuersFrom(settings: AuthSettings): TrustedIssuers {
  const external = settings.externalIssuers.map((issuer) => externalIssuer(issuer, settings));
  return new Map([...secretIssuers(settings), ...external].map((issuer) => [issuer.issuer, issuer]));
}

/** Production never trusts the development route's tokens. */
function secretIssuers(settings: AuthSettings): readonly TrustedIssuer[] {
  if (settings.secret === undefined) return [];
  const terms = {
    isExternal: false,
    key: createSecretKey(settings.secret, 'utf8'),
    algorithms: ['HS256'],
    audiences: spellingsOf(settings.audience),
    types: accepted(['JWT', 'at+jwt']),
    claims: { ...DEFAULT_CLAIMS, extra: settings.extraClaims },
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

/** `at+jwt` may be written as a full media type (RFC 9068 §2.1). */
function accepted(types: readonly string[]): ReadonlySet<string> {
  const lower = types.map((type) => type.toLowerCase());
  return new Set(lower.includes('at+jwt') ? [...lower, 'application/at+jwt'] : lower);
}

/** Clients write the root of an origin with and without a trailing slash. */
function spellingsOf(audience: string): readonly string[] {
  const bare = audience.endsWith('/') ? audience.slice(0, -1) : audience;
  return [bare, `${bare}/`];
}
