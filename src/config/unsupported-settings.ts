import type { SettingProblem } from './configuration.error.js';

/** Settings of a later version, with the value that already describes this version. */
export const UNSUPPORTED_SETTINGS: Readonly<Record<string, { readonly unless?: string }>> = {
  OAUTH_SERVER: { unless: 'off' },
  MANAGEMENT_PORT: {},
};

export function unsupportedProblems(variables: Readonly<Record<string, string>>): SettingProblem[] {
  return Object.entries(UNSUPPORTED_SETTINGS)
    .filter(([name, { unless }]) => variables[name] !== undefined && variables[name] !== unless)
    .map(([name]) => ({
      name,
      reason: `is set, but this version does not support ${name} yet; unset it`,
      example: `unset ${name}`,
    }));
}
