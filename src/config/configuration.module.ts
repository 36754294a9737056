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
 * Provides each group of settings, as `@Inject(AUTH_SETTINGS) settings: AuthSettings`. Global: import it once, in the
 * root module. It reads nothing itself and never falls back to `process.env`.
 */
@Module({})
export class ConfigurationModule {
  /** `settings`: of {@link loadSettings}. */
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
