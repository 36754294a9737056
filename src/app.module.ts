import { type DynamicModule, Module } from '@nestjs/common';
import { AuditModule } from './audit/index.js';
import { AuthModule, Public } from './auth/index.js';
import { BackplaneModule } from './backplane/index.js';
import {
  ConfigurationModule,
  HTTP_SETTINGS,
  type HttpSettings,
  LIMIT_SETTINGS,
  type LimitSettings,
  SESSION_SETTINGS,
  type SessionSettings,
  type Settings,
} from './config/index.js';
import { HttpModule, LandingController, SERVER_INFO } from './http/index.js';
import { McpModule, type McpModuleOptions } from './mcp/index.js';
import { HealthController, ObservabilityModule } from './observability/index.js';
import { ToolsModule } from './tools/tools.module.js';

const MIB = 2 ** 20;

/** What may be asked without a token, beside the routes that `auth` itself opens. */
for (const controller of [HealthController, LandingController]) Public()(controller);

function mcpOptions(http: HttpSettings, sessions: SessionSettings, limits: LimitSettings): McpModuleOptions {
  return {
    serverInfo: SERVER_INFO,
    basePath: new URL(http.publicUrl).pathname.replace(/\/$/, ''),
    sessionMaxMs: sessions.maxMs,
    sessionIdleMs: sessions.idleMs,
    sessionsPerPrincipal: sessions.perPrincipal,
    heartbeatMs: sessions.heartbeatMs,
    maxBodyBytes: http.maxBodyBytes,
    maxBufferedBytes: MIB,
    maxStallMs: 30_000,
    callTimeoutMs: 60_000,
    pageSize: 1_000,
    listTtlMs: 60_000,
    callLimit: limits.calls,
  };
}

/** Where the rooms meet. */
@Module({})
export class AppModule {
  static forRoot(settings: Settings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigurationModule.forRoot(settings),
        AuditModule,
        BackplaneModule,
        // Express tries routes in this order: the ones that are busy come first.
        McpModule.forRootAsync({
          inject: [HTTP_SETTINGS, SESSION_SETTINGS, LIMIT_SETTINGS],
          useFactory: mcpOptions,
        }),
        AuthModule,
        ToolsModule,
        ObservabilityModule,
        HttpModule,
      ],
    };
  }
}
