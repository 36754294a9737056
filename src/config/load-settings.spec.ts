import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings, type EnvironmentVariables } from './index.js';

const SECRET = 'M8sZ0w1vYk3qTn5bXr7uLd9eHg2jCf4a';
const PRODUCTION = { NODE_ENV: 'production', PUBLIC_URL: 'https://mcp.example.com', JWT_SECRET: SECRET };

describe('loadSettings', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'load-settings-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const load = (env: EnvironmentVariables) => loadSettings(env, { directory });
  const development = (env: EnvironmentVariables = {}) => load({ NODE_ENV: 'development', ...env });

  it('has the defaults of development', () => {
    const publicUrl = 'http://localhost:3001';
    expect(development({ JWT_SECRET: SECRET })).toEqual({
      environment: 'development',
      warnings: [],
      http: {
        host: '127.0.0.1',
        port: 3001,
        publicUrl,
        allowedHosts: 'loopback',
        allowedOrigins: 'loopback',
        cors: { methods: [], headers: [], exposedHeaders: [] },
        trustedProxies: [],
        maxBodyBytes: 4_194_304,
        maxConnections: 16384,
        maxConnectionsPerAddress: 4_096,
      },
      auth: {
        publicUrl,
        secret: SECRET,
        issuer: publicUrl,
        audience: publicUrl,
        clockToleranceSeconds: 5,
        maxLifetimeSeconds: 2_592_000,
        extraClaims: [],
        externalIssuers: [],
        roleScopes: {},
        developmentTokens: true,
        developmentScopes: ['mcp:access'],
      },
      sessions: {
        idleMs: 1_800_000,
        maxMs: 43_200_000,
        pingMs: undefined,
        perPrincipal: 100,
        heartbeatMs: 15_000,
        shutdownDelayMs: 0,
        shutdownGraceMs: 2_000,
      },
      backplane: { redis: undefined },
      limits: {
        calls: undefined,
        failedAuthentications: undefined,
        callsInFlight: 100,
        bytesInFlight: 67_108_864,
      },
      stdio: { scopes: ['mcp:access'] },
      logs: { level: 'info', format: 'pretty', stream: 'stdout' },
      audit: { destination: 'off', sync: false },
    });
  });

  it('has the defaults of production, and counts unset as production', () => {
    const settings = load({ ...PRODUCTION, NODE_ENV: undefined });
    expect(settings).toEqual(load(PRODUCTION));
    expect(settings).toMatchObject({
      environment: 'production',
      http: {
        host: '0.0.0.0',
        port: 3001,
        allowedHosts: ['mcp.example.com'],
        allowedOrigins: [],
        cors: { methods: [], headers: [], exposedHeaders: [] },
        trustedProxies: [],
      },
      auth: { issuer: PRODUCTION.PUBLIC_URL, audience: PRODUCTION.PUBLIC_URL, developmentTokens: false },
      sessions: { shutdownDelayMs: 0, shutdownGraceMs: 25_000 },
      backplane: { redis: undefined },
      limits: {
        calls: { count: 600, periodMs: 60_000 },
        failedAuthentications: { count: 60, periodMs: 60_000 },
      },
      logs: { level: 'info', format: 'json' },
      audit: { destination: 'stdout' },
    });
  });

  it('serves on for a moment after SIGTERM where there are other nodes', () => {
    const REDIS_URL = 'redis://:hidden@redis.example.com';
    const { backplane, sessions } = load({ ...PRODUCTION, REDIS_URL });
    expect(backplane.redis).toEqual({ url: REDIS_URL, prefix: 'mcp' });
    expect(sessions.shutdownDelayMs).toBe(5_000);
    expect(load({ ...PRODUCTION, REDIS_URL, SHUTDOWN_DELAY: '0s' }).sessions.shutdownDelayMs).toBe(0);
    expect(development({ JWT_SECRET: SECRET, REDIS_URL }).sessions.shutdownDelayMs).toBe(0);
  });

  it('counts test as development', () =>
    expect(load({ NODE_ENV: 'test', JWT_SECRET: SECRET }).environment).toBe('development'));

  it('reads what is set', () => {
    const { http, auth, sessions, limits, logs } = load({
      ...PRODUCTION,
      HOST: '::',
      PORT: '8080',
      PUBLIC_URL: 'https://mcp.example.com:8443/base/',
      ALLOWED_ORIGINS: 'https://a.example.com, https://b.example.com',
      TRUSTED_PROXIES: '10.0.0.0/8,::1',
      JWT_ISSUER: 'https://login.example.com/',
      JWT_AUDIENCE: 'mcp',
      JWT_MAX_LIFETIME: '1h',
      AUTH_ROLE_SCOPES: '{"operator":["mcp:admin"]}',
      SESSION_IDLE: '1m',
      SESSION_MAX: '2h',
      SESSION_PING: '1m',
      SESSIONS_PER_PRINCIPAL: '3',
      HEARTBEAT: '500ms',
      RATE_LIMIT: 'off',
      RATE_LIMIT_IP: '5/2h',
      CALLS_IN_FLIGHT: '7',
      BYTES_IN_FLIGHT: '16mb',
      MAX_BODY: '512kb',
      CONNECTIONS: '9',
      CONNECTIONS_PER_ADDRESS: '8',
      SHUTDOWN_GRACE: '0s',
      LOG_LEVEL: 'debug',
      LOG_FORMAT: 'pretty',
      CORS_METHODS: 'put, PATCH',
      CORS_HEADERS: 'X-Request-Id',
      CORS_EXPOSED_HEADERS: 'X-Total-Count',
    });
    expect(http).toEqual({
      host: '::',
      port: 8080,
      publicUrl: 'https://mcp.example.com:8443/base',
      allowedHosts: ['mcp.example.com:8443'],
      allowedOrigins: ['https://a.example.com', 'https://b.example.com'],
      cors: { methods: ['PUT', 'PATCH'], headers: ['X-Request-Id'], exposedHeaders: ['X-Total-Count'] },
      trustedProxies: ['10.0.0.0/8', '::1'],
      maxBodyBytes: 524_288,
      maxConnections: 9,
      maxConnectionsPerAddress: 8,
    });
    expect(auth).toMatchObject({
      publicUrl: http.publicUrl,
      issuer: 'https://login.example.com/',
      audience: 'mcp',
      maxLifetimeSeconds: 3_600,
      roleScopes: { operator: ['mcp:admin'] },
    });
    expect(sessions).toEqual({
      idleMs: 60_000,
      maxMs: 7_200_000,
      pingMs: 60_000,
      perPrincipal: 3,
      heartbeatMs: 500,
      shutdownDelayMs: 0,
      shutdownGraceMs: 0,
    });
    expect(limits).toEqual({
      calls: undefined,
      failedAuthentications: { count: 5, periodMs: 7_200_000 },
      callsInFlight: 7,
      bytesInFlight: 16_777_216,
    });
    expect(logs).toEqual({ level: 'debug', format: 'pretty', stream: 'stdout' });
  });

  it('follows PORT in the public URL of development', () =>
    expect(development({ PORT: '4000' }).auth.audience).toBe('http://localhost:4000'));

  it('counts the empty string as unset', () =>
    expect(load({ ...PRODUCTION, PORT: '', ALLOWED_HOSTS: '', REDIS_URL: '', AUTH_TYPO: '' })).toEqual(
      load(PRODUCTION),
    ));

  it('cannot be changed afterwards', () => {
    const settings = load(PRODUCTION);
    expect([settings, ...Object.values(settings)].every((part) => Object.isFrozen(part))).toBe(true);
  });

  it.each([
    ['127.0.0.1', 'true', true],
    ['localhost', 'true', true],
    ['::1', 'true', true],
    ['0.0.0.0', 'true', false],
    ['10.0.0.1', 'true', false],
    ['127.0.0.1', 'false', false],
  ])('with HOST=%s and AUTH_DEV_TOKENS=%s has development tokens: %s', (HOST, AUTH_DEV_TOKENS, expected) =>
    expect(development({ HOST, AUTH_DEV_TOKENS }).auth.developmentTokens).toBe(expected),
  );
});
