import { type DynamicModule, Global, Module } from '@nestjs/common';
import { IDENTITY, type Identity } from './identity.js';
import type { Settings } from './settings.js';

/** Injects {@link HttpSettings}. */
export const HTTP_SETTINGS = Symbol('HTTP_SETTINGS');
/** Injects {@link AuthSettings}. */
export const AUTH_SETTINGS = Symbol('AUTH_SETTINGS');
/** Injects {@link SessionSettings}. */
export const SESSION_SETTINGS = Symbol('SESSION_SETTINGS');
/** Injects {@link LimitSettings}. */
export const LIMIT_SETTINGS = Symbol('LIMIT_SETTINGS');
/** Injects {@link LogSettings}. */
export const LOG_SETTINGS = Symbol('LOG_SETTINGS');
/** Injects {@link AuditSettings}. */
export const AUDIT_SETTINGS = Symbol('AUDIT_SETTINGS');

/**
 * Provides each group of the server's settings, as `@Inject(AUTH_SETTINGS) settings: AuthSettings`. Global: import it
 * once. It has nothing to do with Nest's `ConfigService`, which belongs to the application.
 */
@Global()
@Module({})
export class ConfigurationModule {
  /** `settings`: of {@link loadSettings}. */
  static forRoot(settings: Settings, identity: Identity): DynamicModule {
    const groups = [
      { provide: IDENTITY, useValue: identity },
      { provide: HTTP_SETTINGS, useValue: settings.http },
      { provide: AUTH_SETTINGS, useValue: settings.auth },
      { provide: SESSION_SETTINGS, useValue: settings.sessions },
      { provide: LIMIT_SETTINGS, useValue: settings.limits },
      { provide: LOG_SETTINGS, useValue: settings.logs },
      { provide: AUDIT_SETTINGS, useValue: settings.audit },
    ];
    return { module: ConfigurationModule, providers: groups, exports: groups };
  }
}
