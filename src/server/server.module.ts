import { type DynamicModule, Module, type Type, UseFilters } from '@nestjs/common';
import { AuditModule } from '../audit/index.js';
import {
  AuthModule,
  ProtectedResourceController,
  RevocationController,
  TokenController,
} from '../auth/index.js';
import { BackplaneModule, type BackplaneOptions } from '../backplane/index.js';
import {
  AUTH_SETTINGS,
  type AuthSettings,
  basePathOf,
  ConfigurationModule,
  derivedKey,
  HTTP_SETTINGS,
  type HttpSettings,
  type Identity,
  LIMIT_SETTINGS,
  type LimitSettings,
  SESSION_SETTINGS,
  type SessionSettings,
  type Settings,
} from '../config/index.js';
import { ProblemFilter } from '../http/index.js';
import { type CatalogSource, McpModule, type McpModuleOptions, PROTOCOL_CONTROLLERS } from '../mcp/index.js';

const MIB = 2 ** 20;

const DOCUMENT_CONTROLLERS: readonly Type[] = [
  ProtectedResourceController,
  RevocationController,
  TokenController,
];

/** The server's own controllers. They read their bodies themselves. */
export const ROUTE_CONTROLLERS: readonly Type[] = [...PROTOCOL_CONTROLLERS, ...DOCUMENT_CONTROLLERS];

/** Their errors have the form that their standards define, independent of the application's global filters. */
for (const controller of DOCUMENT_CONTROLLERS) UseFilters(ProblemFilter)(controller);

/** Nodes that accept each other's tokens for the same address share state: they are one server. */
function backplaneOptions({ auth, backplane }: Settings): BackplaneOptions {
  const key = derivedKey(auth.secret ?? '', `nestjs-mcp-server nodes of ${auth.publicUrl}`);
  return { redis: backplane.redis, fingerprint: Buffer.from(key).toString('base64url') };
}

type SettingGroups = [HttpSettings, SessionSettings, LimitSettings, AuthSettings];

function mcpOptions(
  environment: Settings['environment'],
  { name, version, title, instructions }: Identity,
  catalog: CatalogSource | undefined,
  [http, sessions, limits, auth]: SettingGroups,
): McpModuleOptions {
  return {
    serverInfo: { name, version, ...(title === undefined ? {} : { title }) },
    ...(instructions === undefined ? {} : { instructions }),
    catalog,
    // In an application that mounts the server, its routes have their final paths after this.
    get basePath() {
      return basePathOf(http.publicUrl);
    },
    sessionMaxMs: sessions.maxMs,
    sessionIdleMs: sessions.idleMs,
    sessionPingMs: sessions.pingMs,
    sessionsPerPrincipal: sessions.perPrincipal,
    heartbeatMs: sessions.heartbeatMs,
    maxBodyBytes: http.maxBodyBytes,
    maxBufferedBytes: 32 * MIB,
    maxStallMs: 30_000,
    callTimeoutMs: 60_000,
    inputTimeoutMs: 600_000,
    // Undefined where there is no secret: the nodes agree on a key.
    stateKey:
      auth.secret === undefined ? undefined : derivedKey(auth.secret, 'nestjs-mcp-server requestState'),
    pageSize: 1_000,
    listTtlMs: 60_000,
    callLimit: limits.calls,
    checkResults: environment !== 'production',
    callsInFlight: limits.callsInFlight,
    bytesInFlight: limits.bytesInFlight,
  };
}

/** The server, used by the application and by {@link McpServerModule}. Its guard covers its whole container. */
@Module({})
export class ServerModule {
  /** `catalog`: where tools, resources and prompts are found; default: in the modules of this application. */
  static forSettings(settings: Settings, identity: Identity, catalog?: CatalogSource): DynamicModule {
    return {
      module: ServerModule,
      imports: [
        ConfigurationModule.forRoot(settings, identity),
        AuditModule,
        BackplaneModule.forRoot(backplaneOptions(settings)),
        // Express tries routes in this order: the busy ones come first.
        McpModule.forRootAsync({
          inject: [HTTP_SETTINGS, SESSION_SETTINGS, LIMIT_SETTINGS, AUTH_SETTINGS],
          useFactory: (...groups: SettingGroups) =>
            mcpOptions(settings.environment, identity, catalog, groups),
        }),
        AuthModule,
      ],
      exports: [AuthModule],
    };
  }
}
