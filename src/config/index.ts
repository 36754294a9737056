export { addEnvFile } from './env-file.js';
export { ConfigurationError, type SettingProblem } from './configuration.error.js';
export {
  AUDIT_SETTINGS,
  AUTH_SETTINGS,
  ConfigurationModule,
  HTTP_SETTINGS,
  LIMIT_SETTINGS,
  LOG_SETTINGS,
  SESSION_SETTINGS,
} from './configuration.module.js';
export { IDENTITY, type Identity } from './identity.js';
export { DEVELOPMENT_ISSUER } from './development-issuer.js';
export { listenerRefusal } from './listener.refusal.js';
export { loadSettings, type EnvironmentVariables, type LoadSettingsOptions } from './load-settings.js';
export { DEFAULT_CLAIMS } from './issuer-presets.js';
export { type IssuerEntry, isProviderUrl } from './issuer-formats.js';
export { loadStdioSettings } from './load-stdio-settings.js';
export { derivedKey } from './jwt-secret.js';
export { isLoopbackHost } from './loopback.js';
export { basePathOf } from './network-formats.js';
export { SETTINGS_TABLE } from './settings-table.js';
export { RATE_LIMIT_FORMAT, readRateLimit, type RateLimit } from './rate-limit.js';
export { ACCESS_SCOPE, isScopeList } from './token-formats.js';
export type {
  AuditSettings,
  AuthSettings,
  BackplaneSettings,
  ClaimNames,
  Environment,
  ExternalIssuer,
  HttpSettings,
  LimitSettings,
  LogSettings,
  SessionSettings,
  Settings,
  StdioSettings,
} from './settings.js';
