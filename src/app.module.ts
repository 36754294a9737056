import { type DynamicModule, Module, UseFilters } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import type { IncomingMessage } from 'node:http';
import { AuditModule } from './audit/index.js';
import {
  type AuthenticatedRequest,
  AuthModule,
  ProtectedResourceController,
  Public,
  RevocationController,
  TokenController,
} from './auth/index.js';
import { BackplaneModule, type BackplaneOptions } from './backplane/index.js';
import {
  AUTH_SETTINGS,
  type AuthSettings,
  basePathOf,
  ConfigurationModule,
  derivedKey,
  HTTP_SETTINGS,
  type HttpSettings,
  LIMIT_SETTINGS,
  type LimitSettings,
  SESSION_SETTINGS,
  type SessionSettings,
  type Settings,
} from './config/index.js';
import { HttpModule, LandingController, ProblemFilter, SERVER_INFO } from './http/index.js';
import { McpModule, type McpModuleOptions } from './mcp/index.js';
import { HealthController, ObservabilityModule } from './observability/index.js';
import { ToolsModule } from './tools/tools.module.js';

const MIB = 2 ** 20;

/** Routes that need no token, beside those that `auth` itself opens. */
for (const controller of [HealthController, LandingController]) Public()(controller);

/** Their errors have the form that their standards define, whatever global filters the application has. */
for (const controller of [
  HealthController,
  LandingController,
  ProtectedResourceController,
  RevocationController,
  TokenController,
]) {
  UseFilters(ProblemFilter)(controller);
}

/** Nodes that accept each other's tokens for the same address share state: they are one server. */
function backplaneOptions({ auth, backplane }: Settings): BackplaneOptions {
  const key = derivedKey(auth.secret ?? '', `nestjs-mcp-server nodes of ${auth.publicUrl}`);
  return { redis: backplane.redis, fingerprint: Buffer.from(key).toString('base64url') };
}

type SettingGroups = [HttpSettings, SessionSettings, LimitSettings, AuthSettings];

function mcpOptions(
  environment: Settings['environment'],
  http: HttpSettings,
  sessions: SessionSettings,
  limits: LimitSettings,
  auth: AuthSettings,
): McpModuleOptions {
  return {
    // Does not compile where the guard's authorization lacks something that `mcp` requires.
    authorizationOf: (request) => (request as IncomingMessage & Partial<AuthenticatedRequest>).authorization,
    serverInfo: SERVER_INFO,
    basePath: basePathOf(http.publicUrl),
    sessionMaxMs: sessions.maxMs,
    sessionIdleMs: sessions.idleMs,
    sessionsPerPrincipal: sessions.perPrincipal,
    heartbeatMs: sessions.heartbeatMs,
    maxBodyBytes: http.maxBodyBytes,
    maxBufferedBytes: 32 * MIB,
    maxStallMs: 30_000,
    callTimeoutMs: 60_000,
    inputTimeoutMs: 600_000,
    stateKey: derivedKey(auth.secret, 'nestjs-mcp-server requestState'),
    pageSize: 1_000,
    listTtlMs: 60_000,
    callLimit: limits.calls,
    checkResults: environment !== 'production',
    callsInFlight: limits.callsInFlight,
    bytesInFlight: limits.bytesInFlight,
  };
}

/** Connects the modules with each other. */
@Module({})
export class AppModule {
  static forRoot(settings: Settings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        // For the settings of the team's own modules; `.env` is in the environment already.
        ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true }),
        ConfigurationModule.forRoot(settings),
        AuditModule,
        BackplaneModule.forRoot(backplaneOptions(settings)),
        // Express tries routes in this order: the busy ones come first.
        McpModule.forRootAsync({
          inject: [HTTP_SETTINGS, SESSION_SETTINGS, LIMIT_SETTINGS, AUTH_SETTINGS],
          useFactory: (...groups: SettingGroups) => mcpOptions(settings.environment, ...groups),
        }),
        AuthModule,
        ToolsModule,
        ObservabilityModule,
        HttpModule,
      ],
    };
  }
}
