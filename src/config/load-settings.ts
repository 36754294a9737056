import { ConfigurationError, type SettingProblem } from './configuration.error.js';
import { developmentSecret } from './development-secret.js';
import { readEnvFile } from './env-file.js';
import { parseEnvironment, type SettingValues } from './environment-schema.js';
import { externalIssuers, issuerProblems } from './external-issuers.js';
import { isLoopbackHost } from './loopback.js';
import { secretFromFile, secretWarnings } from './jwt-secret.js';
import { SETTINGS_TABLE } from './settings-table.js';
import type {
  AuthSettings,
  BackplaneSettings,
  Environment,
  HttpSettings,
  SessionSettings,
  Settings,
} from './settings.js';
import { unknownProblems } from './unknown-settings.js';
import { unsupportedProblems } from './unsupported-settings.js';

/** The environment of a process, such as `process.env`. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/** The input of {@link loadSettings} besides the environment. */
export interface LoadSettingsOptions {
  /** Directory of `.env` and the development secret: the project's root. Without it no file is read or written. */
  readonly directory?: string;
}

/**
 * Reads and validates the configuration.
 *
 * In development it first reads `.env` in the directory (the process's variables take precedence, even empty ones), and
 * without `JWT_SECRET` it creates a key once and keeps it in `.dev-jwt-secret`. In production it reads only the file of
 * `JWT_SECRET_FILE`. It never changes `env`. An empty variable counts as unset.
 *
 * @throws {ConfigurationError} with all problems; it never contains the value of a setting.
 */
export function loadSettings(env: EnvironmentVariables, { directory }: LoadSettingsOptions = {}): Settings {
  const problems: SettingProblem[] = [];
  const environment = environmentOf(env);
  const readsFile = environment === 'development' && directory !== undefined;
  const file = readsFile ? collect(problems, () => readEnvFile(directory)) : {};
  const set = withoutEmpty({ ...file, ...env });
  const variables = { ...set, ...collect(problems, () => secretFromFile(set)) };

  // In an unknown environment only problems of both environments are reported.
  const values = collect(problems, () => parseEnvironment(variables, environment ?? 'development'));
  const secret = variables['JWT_SECRET'] ?? collect(problems, () => generatedSecret(environment, directory));
  if (values) problems.push(...clashes(values, secret));
  problems.push(...unsupportedProblems(variables), ...unknownProblems(variables));

  if (problems.length > 0 || !environment || !values) throw new ConfigurationError(problems);
  return assemble(environment, values, secret, secretWarnings(variables));
}

function environmentOf({ NODE_ENV }: EnvironmentVariables): Environment | undefined {
  const { data } = SETTINGS_TABLE.NODE_ENV.schema.safeParse(NODE_ENV || 'production');
  return data === 'test' ? 'development' : data;
}

function generatedSecret(
  environment: Environment | undefined,
  directory: string | undefined,
): string | undefined {
  return environment === 'development' && directory !== undefined ? developmentSecret(directory) : undefined;
}

function collect<Result>(problems: SettingProblem[], read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

function withoutEmpty(variables: EnvironmentVariables): Record<string, string> {
  const set = Object.entries(variables).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return Object.fromEntries(set);
}

function assemble(
  environment: Environment,
  values: SettingValues,
  secret: string | undefined,
  warnings: readonly SettingProblem[],
): Settings {
  const publicUrl = publicUrlOf(values);
  return Object.freeze({
    environment,
    warnings,
    http: Object.freeze(httpSettings(environment, values, publicUrl)),
    auth: Object.freeze(authSettings(environment, values, publicUrl, secret)),
    sessions: Object.freeze(sessionSettings(environment, values)),
    backplane: Object.freeze({ redis: redisTarget(values) }),
    limits: Object.freeze({
      calls: values.RATE_LIMIT,
      failedAuthentications: values.RATE_LIMIT_IP,
      callsInFlight: values.CALLS_IN_FLIGHT,
      bytesInFlight: values.BYTES_IN_FLIGHT,
    }),
    stdio: Object.freeze({ scopes: Object.freeze(values.STDIO_SCOPES) }),
    logs: Object.freeze({ level: values.LOG_LEVEL, format: values.LOG_FORMAT, stream: 'stdout' }),
    audit: Object.freeze({ destination: values.AUDIT_LOG, sync: values.AUDIT_SYNC }),
  });
}

function publicUrlOf(values: SettingValues): string {
  return values.PUBLIC_URL ?? `http://localhost:${values.PORT}`;
}

/** Settings that contradict each other. */
function clashes(values: SettingValues, secret: string | undefined): SettingProblem[] {
  if (secret === undefined || values.AUTH_ISSUERS === undefined) return [];
  return issuerProblems(values.AUTH_ISSUERS, values.JWT_ISSUER ?? publicUrlOf(values));
}

function httpSettings(environment: Environment, values: SettingValues, publicUrl: string): HttpSettings {
  const isDevelopment = environment === 'development';
  return {
    host: values.HOST,
    port: values.PORT,
    publicUrl,
    allowedHosts: values.ALLOWED_HOSTS ?? (isDevelopment ? 'loopback' : [new URL(publicUrl).host]),
    allowedOrigins: values.ALLOWED_ORIGINS ?? (isDevelopment ? 'loopback' : []),
    cors: Object.freeze({
      methods: values.CORS_METHODS ?? [],
      headers: values.CORS_HEADERS ?? [],
      exposedHeaders: values.CORS_EXPOSED_HEADERS ?? [],
    }),
    trustedProxies: values.TRUSTED_PROXIES ?? [],
    maxBodyBytes: values.MAX_BODY,
    maxConnections: values.CONNECTIONS,
    maxConnectionsPerAddress: values.CONNECTIONS_PER_ADDRESS,
  };
}

function authSettings(
  environment: Environment,
  values: SettingValues,
  publicUrl: string,
  secret: string | undefined,
): AuthSettings {
  return {
    publicUrl,
    secret,
    issuer: values.JWT_ISSUER ?? publicUrl,
    audience: values.JWT_AUDIENCE ?? publicUrl,
    clockToleranceSeconds: values.JWT_CLOCK_TOLERANCE / 1_000,
    maxLifetimeSeconds: values.JWT_MAX_LIFETIME / 1_000,
    extraClaims: Object.freeze(values.JWT_CLAIMS ?? []),
    externalIssuers: externalIssuers(values.AUTH_ISSUERS ?? [], publicUrl),
    roleScopes: values.AUTH_ROLE_SCOPES ?? Object.freeze(Object.create(null)),
    developmentTokens: environment === 'development' && values.AUTH_DEV_TOKENS && isLoopbackHost(values.HOST),
    developmentScopes: values.AUTH_DEV_SCOPES,
  };
}

function redisTarget({ REDIS_URL: url, REDIS_PREFIX: prefix }: SettingValues): BackplaneSettings['redis'] {
  return url === undefined ? undefined : Object.freeze({ url, prefix });
}

function sessionSettings(environment: Environment, values: SettingValues): SessionSettings {
  const hasOthers = environment === 'production' && values.REDIS_URL !== undefined;
  return {
    idleMs: values.SESSION_IDLE,
    maxMs: values.SESSION_MAX,
    pingMs: values.SESSION_PING,
    perPrincipal: values.SESSIONS_PER_PRINCIPAL,
    heartbeatMs: values.HEARTBEAT,
    shutdownDelayMs: values.SHUTDOWN_DELAY ?? (hasOthers ? 5_000 : 0),
    shutdownGraceMs: values.SHUTDOWN_GRACE,
  };
}
