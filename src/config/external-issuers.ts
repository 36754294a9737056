import type { SettingProblem } from './configuration.error.js';
import { withoutSlash, type IssuerEntry } from './issuer-formats.js';
import { DEFAULT_ALGORITHMS, DEFAULT_CLAIMS, DEFAULT_TYPES, PRESETS } from './issuer-presets.js';
import { SETTINGS_TABLE } from './settings-table.js';
import type { ClaimNames, ExternalIssuer } from './settings.js';

/** Providers' clocks are not under the operator's control. */
const DEFAULT_TOLERANCE_MS = 30_000;

/** Problems of the external issuers with each other and with `own`, the issuer that `JWT_SECRET` signs for. */
export function issuerProblems(entries: readonly IssuerEntry[], own: string): SettingProblem[] {
  if (!entries.some(({ issuer }) => withoutSlash(issuer) === withoutSlash(own))) return [];
  const reason = 'must not list the issuer of HS256 tokens, which is JWT_ISSUER or else PUBLIC_URL';
  return [{ name: 'AUTH_ISSUERS', reason, example: `AUTH_ISSUERS=${SETTINGS_TABLE.AUTH_ISSUERS.example}` }];
}

/** The entries with all defaults filled in. */
export function externalIssuers(
  entries: readonly IssuerEntry[],
  publicUrl: string,
): readonly ExternalIssuer[] {
  const resources = Object.freeze([publicUrl, `${publicUrl}/mcp`, `${publicUrl}/sse`]);
  return Object.freeze(entries.map((entry) => Object.freeze(complete(entry, resources))));
}

function complete(entry: IssuerEntry, resources: readonly string[]): ExternalIssuer {
  const preset = entry.preset === undefined ? {} : PRESETS[entry.preset];
  const claims: ClaimNames = { ...DEFAULT_CLAIMS, ...preset.claims, ...entry.claims };
  return {
    issuer: entry.issuer,
    jwksUri: entry.jwksUri,
    audiences: entry.audience ?? resources,
    algorithms: entry.algorithms ?? preset.algorithms ?? DEFAULT_ALGORITHMS,
    types: entry.types ?? preset.types ?? DEFAULT_TYPES,
    claims: Object.freeze(claims),
    clockToleranceSeconds: (entry.clockTolerance ?? DEFAULT_TOLERANCE_MS) / 1_000,
    scopes: entry.scopes,
    administers: entry.administers ?? 'own',
  };
}
