export { ConfigurationError, type SettingProblem } from './configuration.error.js';
export {
  AUTH_SETTINGS,
  ConfigurationModule,
  HTTP_SETTINGS,
  LOG_SETTINGS,
  SESSION_SETTINGS,
} from './configuration.module.js';
export { DEVELOPMENT_ISSUER } from './development-issuer.js';
export { loadSettings, type EnvironmentVariables, type LoadSettingsOptions } from './load-settings.js';
export { loadStdioSettings } from './load-stdio-settings.js';
export { isLoopbackHost } from './loopback.js';
export type {
  AuthSettings,
  Environment,
  HttpSettings,
  LogSettings,
  SessionSettings,
  Settings,
  StdioSettings,
} from './settings.js';
