import { Inject, Injectable } from '@nestjs/common';
import type { JWTPayload } from 'jose';
import { AUTH_SETTINGS, type AuthSettings } from '../../config/index.js';
import { type Principal, principalOf } from '../../mcp/index.js';
import { claimAt, firstClaim } from './claim-path.js';
import { refusedFrom } from './clock.js';
import { tokenIdOf } from './token-id.js';
import { TokenError } from './token.error.js';
import type { TrustedIssuer } from './trusted-issuer.js';

/** Of `sub` and `jti`, in characters: both become keys of the deny list. */
export const MAX_NAME_LENGTH = 256;

const NAME = /^\P{Cc}+$/u;

/** The issuer's properties that determine the principal. */
type PrincipalTerms = Pick<TrustedIssuer, 'claims' | 'ceiling' | 'clockToleranceSeconds'>;

/** Builds the principal from verified claims. */
@Injectable()
export class PrincipalFactory {
  private readonly scopesOfRole: ReadonlyMap<string, readonly string[]>;

  constructor(@Inject(AUTH_SETTINGS) settings: AuthSettings) {
    this.scopesOfRole = new Map(Object.entries(settings.roleScopes));
  }

  /** @throws TokenError when a claim has the wrong form. */
  build(token: string, claims: JWTPayload, issuer: PrincipalTerms): Principal {
    const names = issuer.claims;
    const subject = firstClaim(claims, names.subject);
    if (!isName(subject)) throw new TokenError('bad_subject');
    const jti = jtiOf(claims, names.jti);
    const roles = names.roles.flatMap((name) => wordsOf(claimAt(claims, name)));
    return principalOf({
      issuer: claims.iss!,
      subject,
      clientId: textOf(firstClaim(claims, names.clientId) ?? ''),
      scopes: this.scopesOf(wordsOf(firstClaim(claims, names.scopes)), roles, issuer.ceiling),
      roles: Object.freeze(roles),
      ...(names.extra.length > 0 && { claims: extraOf(claims, names.extra) }),
      jti,
      tokenId: tokenIdOf(token, claims.iss!, jti),
      // The deny list compares whole seconds.
      issuedAt: Math.floor(claims.iat!),
      expiresAt: claims.exp! * 1_000,
      refusedFrom: refusedFrom(claims.exp!, issuer.clockToleranceSeconds) * 1_000,
    });
  }

  /** Drops scopes above the issuer's ceiling, whether from the token or from a role. */
  private scopesOf(
    named: readonly string[],
    roles: readonly string[],
    ceiling: ReadonlySet<string> | undefined,
  ): string[] {
    const granted = roles.flatMap((role) => this.scopesOfRole.get(role) ?? []);
    const all = [...new Set([...named, ...granted])];
    const scopes = ceiling === undefined ? all : all.filter((scope) => ceiling.has(scope));
    Object.freeze(scopes);
    return scopes;
  }
}

/** Whether `value` can be the name of a user or a token: 1 to 256 characters, no control characters. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_NAME_LENGTH && NAME.test(value);
}

/** A `jti` that is present must be valid, also when it is null. */
function jtiOf(claims: JWTPayload, names: readonly string[]): string | undefined {
  for (const name of names) {
    const jti = claimAt(claims, name);
    if (jti === undefined) continue;
    if (!isName(jti)) throw new TokenError('bad_claim');
    return jti;
  }
  return undefined;
}

/** Issuers write lists as one text with spaces (RFC 8693 §4.2) or as an array. */
function wordsOf(claim: unknown): string[] {
  if (claim === undefined) return [];
  if (typeof claim === 'string') return claim.split(' ').filter((word) => word !== '');
  if (Array.isArray(claim)) return claim.map(textOf);
  throw new TokenError('bad_claim');
}

function textOf(claim: unknown): string {
  if (typeof claim !== 'string') throw new TokenError('bad_claim');
  return claim;
}

/** The claims with these names, frozen: a principal is shared between requests. */
function extraOf(claims: JWTPayload, names: readonly string[]): Readonly<Record<string, unknown>> {
  const found: Record<string, unknown> = Object.create(null);
  for (const name of names) {
    const value = claimAt(claims, name);
    if (value !== undefined) found[name] = frozen(value);
  }
  return Object.freeze(found);
}

function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}
