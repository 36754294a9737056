import type { ClaimNames } from './settings.js';

/** What a provider does in its own way; whatever an issuer's entry says itself comes first. */
export interface IssuerPreset {
  readonly types?: readonly string[];
  readonly algorithms?: readonly string[];
  readonly claims?: Partial<ClaimNames>;
}

export const DEFAULT_TYPES = ['at+jwt'];
export const DEFAULT_ALGORITHMS = ['ES256', 'RS256', 'PS256', 'EdDSA'];

/** Which claims say what, unless an issuer's preset or entry names others: RFC 7519, RFC 8693, RFC 9068. */
export const DEFAULT_CLAIMS: ClaimNames = {
  subject: ['sub'],
  scopes: ['scope', 'scp'],
  roles: ['roles'],
  clientId: ['client_id', 'azp'],
  jti: ['jti'],
};

export const PRESET_NAMES = ['keycloak', 'auth0', 'entra'] as const;

export type PresetName = (typeof PRESET_NAMES)[number];

/** The names of a preset are told in docs/identity-providers.md, with what has to be set at the provider. */
export const PRESETS: Readonly<Record<PresetName, IssuerPreset>> = {
  keycloak: {
    types: ['JWT', 'at+jwt'],
    claims: { roles: ['realm_access.roles'], clientId: ['azp', 'client_id'] },
  },
  auth0: { types: ['at+jwt', 'JWT'] },
  entra: {
    types: ['JWT'],
    algorithms: ['RS256'],
    // A v1 token has no azp but appid; uti is what Entra calls the jti.
    claims: { scopes: ['scp'], clientId: ['azp', 'appid'], jti: ['uti'] },
  },
};
