import { Module, type DynamicModule } from '@nestjs/common';
import { ConfigModule, getConfigToken, registerAs } from '@nestjs/config';
import type { Settings } from './settings.js';

/** Injects {@link HttpSettings}. */
export const HTTP_SETTINGS = getConfigToken('http');
/** Injects {@link AuthSettings}. */
export const AUTH_SETTINGS = getConfigToken('auth');
/** Injects {@link SessionSettings}. */
export const SESSION_SETTINGS = getConfigToken('sessions');
/** Injects {@link LimitSettings}. */
export const LIMIT_SETTINGS = getConfigToken('limits');
/** Injects {@link LogSettings}. */
export const LOG_SETTINGS = getConfigToken('logs');
/** Injects {@link AuditSettings}. */
export const AUDIT_SETTINGS = getConfigToken('audit');

/**
 * Gives every room its namespace of the settings, as `@Inject(AUTH_SETTINGS) settings: AuthSettings`.
 * It is global: import it once, at the root. It reads nothing itself and never falls back to `process.env`.
 */
@Module({})
export class ConfigurationModule {
  /** Of settings that {@link loadSettings} has made. */
  static forRoot(settings: Settings): DynamicModule {
    const config = ConfigModule.forRoot({
      isGlobal: true,
      ignoreEnvFile: true,
      validatePredefined: false,
      skipProcessEnv: true,
      load: [
        registerAs('http', () => settings.http),
        registerAs('auth', () => settings.auth),
        registerAs('sessions', () => settings.sessions),
        registerAs('limits', () => settings.limits),
        registerAs('logs', () => settings.logs),
        registerAs('audit', () => settings.audit),
      ],
    });
    return { module: ConfigurationModule, imports: [config] };
  }
}
