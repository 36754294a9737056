import type { ClaimNames } from './settings.js';

/** Defaults for one provider; an issuer's own entry takes precedence. */
export interface IssuerPreset {
  readonly types?: readonly string[];
  readonly algorithms?: readonly string[];
  readonly claims?: Partial<ClaimNames>;
}

export const DEFAULT_TYPES = ['at+jwt'];
export const DEFAULT_ALGORITHMS = ['ES256', 'RS256', 'PS256', 'EdDSA'];

/** The claims that are read, unless an issuer's preset or entry names others: RFC 7519, RFC 8693, RFC 9068. */
export const DEFAULT_CLAIMS: ClaimNames = {
  subject: ['sub'],
  scopes: ['scope', 'scp'],
  roles: ['roles'],
  clientId: ['client_id', 'azp'],
  jti: ['jti'],
  extra: [],
};

export const PRESET_NAMES = ['keycloak', 'auth0', 'entra'] as const;

export type PresetName = (typeof PRESET_NAMES)[number];

/** docs/identity-providers.md lists the presets and what to configure at each provider. */
export const PRESETS: Readonly<Record<PresetName, IssuerPreset>> = {
  keycloak: {
    types: ['JWT', 'at+jwt'],
    claims: { roles: ['realm_access.roles'], clientId: ['azp', 'client_id'] },
  },
  auth0: { types: ['at+jwt', 'JWT'] },
  entra: {
    types: ['JWT'],
    algorithms: ['RS256'],
    // A v1 token has `appid` instead of `azp`; Entra's `jti` is `uti`.
    claims: { scopes: ['scp'], clientId: ['azp', 'appid'], jti: ['uti'] },
  },
};
