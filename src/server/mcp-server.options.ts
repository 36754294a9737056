import type { Type } from '@nestjs/common';
import {
  ConfigurationError,
  type Identity,
  type IssuerEntry,
  loadSettings,
  type Settings,
  SETTINGS_TABLE,
} from '../config/index.js';

/** An entry of `AUTH_ISSUERS`: docs/identity-providers.md. */
export interface IssuerOptions extends Omit<IssuerEntry, 'audience' | 'clockTolerance'> {
  readonly audience?: string | readonly string[] | undefined;
  /** Such as `30s`. */
  readonly clockTolerance?: string | undefined;
}

/** The accepted tokens: those signed with a secret, those of identity providers, or both. */
export interface McpServerAuth {
  /** Key of HS256 tokens; in production at least 32 bytes. */
  readonly secret?: string | undefined;
  /** `iss` of HS256 tokens. Default: `publicUrl`. */
  readonly issuer?: string | undefined;
  /** `aud` of HS256 tokens. Default: `publicUrl`. */
  readonly audience?: string | undefined;
  /** Identity providers. */
  readonly issuers?: readonly IssuerOptions[] | undefined;
  /** Scopes that each role of a token grants. */
  readonly roleScopes?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Further claims of HS256 tokens that tools may read: `context.user.claims`. */
  readonly claims?: readonly string[] | undefined;
  /** Default: 5s. */
  readonly clockTolerance?: string | undefined;
  /** Longest life of a token. Default: 30d. */
  readonly maxLifetime?: string | undefined;
  /** Whether `GET /auth/token` gives tokens to this machine; refused in production. Default: false. */
  readonly devTokens?: boolean | undefined;
  /** Scopes that it may grant; `['*']` allows any scope. Default: mcp:access. */
  readonly devScopes?: readonly string[] | undefined;
}

/**
 * Options of {@link McpServerModule}. From `allowedHosts` on, an option means the same as the setting of the same name
 * in upper case (docs/configuration.md): durations and sizes are texts such as `30m` and `4mb`. Of the environment only
 * `NODE_ENV` is read: only `production` has the defaults of production.
 */
export interface McpServerOptions extends Identity {
  readonly auth: McpServerAuth;
  /**
   * Where clients reach the application: origin, and the path that a proxy strips. Required in production. Default: the
   * port that is listened on, at localhost.
   */
  readonly publicUrl?: string | undefined;
  /** Path of all routes, below the application's global prefix, such as `/ai`. */
  readonly path?: string | undefined;
  /** The modules whose tools, resources and prompts are served. Default: all modules. */
  readonly modules?: readonly Type[] | undefined;
  readonly allowedHosts?: readonly string[] | undefined;
  readonly allowedOrigins?: readonly string[] | undefined;
  readonly corsMethods?: readonly string[] | undefined;
  readonly corsHeaders?: readonly string[] | undefined;
  readonly corsExposedHeaders?: readonly string[] | undefined;
  /** Default: the proxies that the application's Express trusts. */
  readonly trustedProxies?: readonly string[] | undefined;
  readonly sessionIdle?: string | undefined;
  readonly sessionMax?: string | undefined;
  readonly sessionsPerPrincipal?: number | undefined;
  readonly heartbeat?: string | undefined;
  readonly rateLimit?: string | undefined;
  readonly rateLimitIp?: string | undefined;
  readonly callsInFlight?: number | undefined;
  readonly bytesInFlight?: string | undefined;
  readonly maxBody?: string | undefined;
  readonly redisUrl?: string | undefined;
  readonly redisPrefix?: string | undefined;
  readonly shutdownGrace?: string | undefined;
  readonly auditLog?: string | undefined;
  readonly auditSync?: 'on' | 'off' | undefined;
}

/** Settings by the options under `auth`. */
const AUTH_NAMES: Readonly<Record<keyof McpServerAuth, string>> = {
  secret: 'JWT_SECRET',
  issuer: 'JWT_ISSUER',
  audience: 'JWT_AUDIENCE',
  issuers: 'AUTH_ISSUERS',
  claims: 'JWT_CLAIMS',
  roleScopes: 'AUTH_ROLE_SCOPES',
  clockTolerance: 'JWT_CLOCK_TOLERANCE',
  maxLifetime: 'JWT_MAX_LIFETIME',
  devTokens: 'AUTH_DEV_TOKENS',
  devScopes: 'AUTH_DEV_SCOPES',
};

/** Settings of a process, which are no options. */
const OF_THE_PROCESS: ReadonlySet<string> = new Set([
  'NODE_ENV',
  'HOST',
  'PORT',
  'LOG_LEVEL',
  'LOG_FORMAT',
  'STDIO_SCOPES',
  'CONNECTIONS',
  'CONNECTIONS_PER_ADDRESS',
  'SHUTDOWN_DELAY',
  ...Object.values(AUTH_NAMES),
]);

/** Options that are no settings. */
const APART: ReadonlySet<string> = new Set([
  'name',
  'version',
  'title',
  'instructions',
  'auth',
  'path',
  'modules',
]);

/**
 * Validates the options. `base` is the path of the routes: the global prefix of the application and `path`. `address`
 * is used without `publicUrl`.
 *
 * @throws {ConfigurationError} that names each wrong option.
 */
export function settingsOf(options: McpServerOptions, address: string, base: string): Settings {
  const { auth, publicUrl } = options;
  const isProduction = process.env['NODE_ENV'] === 'production';
  const origin = publicUrl ?? (isProduction ? undefined : address);
  const problems = [...missingIn(options), ...unknownIn(options)];
  if (problems.length > 0) throw new ConfigurationError(problems, HEAD);
  const values = Object.entries(options).filter(([name]) => !APART.has(name));
  const variables = Object.fromEntries([
    ['NODE_ENV', isProduction ? 'production' : 'development'],
    ...values.map(([name, value]) => [settingOf(name), textOf(name, value)]),
    ...Object.entries(auth).map(([name, value]) => [authSettingOf(name), textOf(name, value)]),
    ['AUTH_DEV_TOKENS', String(auth.devTokens ?? false)],
    ['JWT_ISSUER', auth.issuer ?? trimmed(origin)],
    ['JWT_AUDIENCE', auth.audience ?? trimmed(origin)],
    ['PUBLIC_URL', origin === undefined ? undefined : trimmed(origin) + base],
  ]) as Record<string, string | undefined>;
  try {
    return loadSettings(variables);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const named = error.problems.map(({ name, reason, example }) => {
      const option = optionOf(name);
      return { name: option, reason, example: example.replace(`${name}=`, `${option}: `) };
    });
    throw new ConfigurationError(named, HEAD);
  }
}

const HEAD = "McpServerModule can't start with these options";

function missingIn({ name, version, auth }: Partial<McpServerOptions>) {
  const missing = [
    ...(isText(name) ? [] : [{ name: 'name', example: "name: 'orders'" }]),
    ...(isText(version) ? [] : [{ name: 'version', example: "version: '1.0.0'" }]),
    ...(isText(auth?.secret) || (auth?.issuers?.length ?? 0) > 0
      ? []
      : [{ name: 'auth', example: 'auth: { secret: process.env.MCP_SECRET }' }]),
  ];
  return missing.map((one) => ({
    ...one,
    reason: one.name === 'auth' ? 'must have a secret or issuers' : 'is required',
  }));
}

function unknownIn(options: McpServerOptions) {
  const unknown = [
    ...Object.keys(options).filter((name) => !APART.has(name) && !isSetting(settingOf(name))),
    ...Object.keys(options.auth ?? {})
      .filter((name) => !Object.hasOwn(AUTH_NAMES, name))
      .map((name) => `auth.${name}`),
  ];
  return unknown.map((name) => ({ name, reason: 'is no option', example: 'rateLimit: "600/1m"' }));
}

function isSetting(name: string): boolean {
  return Object.hasOwn(SETTINGS_TABLE, name) && !OF_THE_PROCESS.has(name);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

/** `sessionIdle` is `SESSION_IDLE`. */
function settingOf(option: string): string {
  return option.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function authSettingOf(option: string): string {
  return AUTH_NAMES[option as keyof McpServerAuth];
}

function optionOf(setting: string): string {
  const auth = Object.entries(AUTH_NAMES).find(([, name]) => name === setting)?.[0];
  if (auth !== undefined) return `auth.${auth}`;
  return setting.toLowerCase().replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

function textOf(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (name === 'issuers' || name === 'roleScopes') return JSON.stringify(value);
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function trimmed(url: string | undefined): string | undefined {
  return url?.replace(/\/+$/, '');
}
