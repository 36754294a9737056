import { isRecord } from '../issuers/provider-document.js';

/**
 * The claim with this name. A name with dots can also be a path (`realm_access.roles`), whose steps may contain dots
 * themselves, since providers use URLs and client ids as names. Inherited properties are not claims.
 */
export function claimAt(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    const step = name.slice(0, dot);
    const inner = Object.hasOwn(claims, step) ? claims[step] : undefined;
    const found = isRecord(inner) ? claimAt(inner, name.slice(dot + 1)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first of these claims that a token has. */
export function firstClaim(claims: Readonly<Record<string, unknown>>, names: readonly string[]): unknown {
  for (const name of names) {
    const value = claimAt(claims, name);
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}
