import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { ConfigurationError, DEVELOPMENT_ISSUER, loadSettings, type EnvironmentVariables } from './index.js';

const SECRET = 'M8sZ0w1vYk3qTn5bXr7uLd9eHg2jCf4a';
const PRODUCTION = { NODE_ENV: 'production', PUBLIC_URL: 'https://mcp.example.com', JWT_SECRET: SECRET };
const DEVELOPMENT = { NODE_ENV: 'development', JWT_SECRET: SECRET };

describe('loadSettings refuses', () => {
  const directory = mkdtempSync(join(tmpdir(), 'load-settings-refusals-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  function refusal(env: EnvironmentVariables): ConfigurationError {
    try {
      loadSettings(env, { directory });
    } catch (error) {
      if (error instanceof ConfigurationError) return error;
      throw error;
    }
    throw new Error('expected a ConfigurationError');
  }

  const names = (env: EnvironmentVariables) => refusal(env).problems.map(({ name }) => name);

  it('with a name, a reason and an example', () => {
    const error = refusal({ ...DEVELOPMENT, PORT: '70000' });
    expect(error.name).toBe('ConfigurationError');
    expect(error.code).toBe('CONFIGURATION_INVALID');
    expect(error.message).toContain(
      '  PORT must be a whole number from 0 to 65535\n      for example: PORT=3001',
    );
  });

  it('everything at once', () => {
    const env = {
      ...PRODUCTION,
      PUBLIC_URL: undefined,
      JWT_SECRET: 'short',
      PORT: 'x',
      HEARTBEAT: '15',
      AUTH_DEV_TOKENS: 'true',
      REDIS_URL: 'http://localhost',
      JWT_ISUER: 'x',
    };
    const expected = [
      'PORT',
      'PUBLIC_URL',
      'JWT_SECRET',
      'AUTH_DEV_TOKENS',
      'HEARTBEAT',
      'REDIS_URL',
      'JWT_ISUER',
    ];
    expect(names(env)).toEqual(expected);
    const { message } = refusal(env);
    expect(expected.every((name) => message.includes(`\n  ${name} `))).toBe(true);
  });

  it('a secret of development that cannot be made, together with the rest', () => {
    const env = { NODE_ENV: 'development', PORT: 'x' };
    const load = () => loadSettings(env, { directory: join(directory, 'missing') });
    expect(load).toThrow(/PORT must be[^]*JWT_SECRET can't be made/);
  });

  it('without repeating any value', () => {
    const canary = 'canary|1b5f';
    const every = Object.fromEntries(
      [
        'NODE_ENV',
        'HOST',
        'PORT',
        'PUBLIC_URL',
        'ALLOWED_HOSTS',
        'ALLOWED_ORIGINS',
        'TRUSTED_PROXIES',
        'JWT_SECRET',
      ]
        .concat(['JWT_ISSUER', 'JWT_AUDIENCE', 'JWT_MAX_LIFETIME', 'AUTH_ROLE_SCOPES', 'AUTH_DEV_TOKENS'])
        .concat([
          'SESSION_IDLE',
          'HEARTBEAT',
          'MAX_BODY',
          'LOG_LEVEL',
          'REDIS_URL',
          'AUTH_ISSUERS',
          'JWT_SECRT',
        ])
        .map((name) => [name, ` ${canary} `]),
    );
    const error = refusal(every);
    expect(error.problems).toHaveLength(19);
    expect(inspect(error)).not.toContain(canary);
  });

  it('a placeholder without repeating it', () => {
    const { message, problems } = refusal({
      ...PRODUCTION,
      JWT_SECRET: 'changeme-changeme-changeme-changeme-1',
    });
    expect(problems[0]).toMatchObject({ name: 'JWT_SECRET', reason: expect.stringContaining('placeholder') });
    expect(message).not.toContain('changeme');
  });

  it.each(['dev', 'prod', 'staging', 'Production'])(
    'NODE_ENV=%s, and does not guess the rest',
    (NODE_ENV) => {
      expect(names({ NODE_ENV })).toEqual(['NODE_ENV']);
      expect(names({ NODE_ENV, PORT: 'x' })).toEqual(['NODE_ENV', 'PORT']);
    },
  );

  it('a start in production without what has no default there', () => {
    const { problems } = refusal({});
    expect(problems.map(({ name, reason }) => `${name} ${reason}`)).toEqual([
      'PUBLIC_URL is required in production',
      'JWT_SECRET is required in production, or JWT_SECRET_FILE or AUTH_ISSUERS',
    ]);
  });

  it.each([
    ['PUBLIC_URL', 'http://mcp.example.com', 'must be https in production'],
    ['PORT', '0', 'from 1 to 65535'],
    ['AUTH_DEV_TOKENS', 'true', 'must not be true in production'],
    ['JWT_SECRET', 'x'.repeat(64), 'placeholder'],
    ['JWT_SECRET', 'x', 'must be at least 32 bytes'],
  ])('%s=%s in production only', (name, value, reason) => {
    expect(refusal({ ...PRODUCTION, [name]: value }).message).toContain(`${name} `);
    expect(refusal({ ...PRODUCTION, [name]: value }).message).toContain(reason);
    expect(() => loadSettings({ ...DEVELOPMENT, [name]: value }, { directory })).not.toThrow();
  });

  it.each([
    ['ALLOWED_HOSTS', 'mcp.example.com,*', 'must name each host exactly, `*` is refused (entry 2)'],
    ['ALLOWED_ORIGINS', 'https://*.example.com', 'must name each origin exactly, `*` is refused (entry 1)'],
    ['ALLOWED_ORIGINS', 'null', 'must be exactly scheme://host[:port]'],
    ['TRUSTED_PROXIES', '10.0.0.1,,', '(entry 3)'],
    ['JWT_ISSUER', DEVELOPMENT_ISSUER, 'must not be the issuer of development tokens'],
    ['JWT_CLOCK_TOLERANCE', '11m', 'from 0s to 10m'],
    ['JWT_SECRET_FILE', '/etc/hostname', 'must not be set beside JWT_SECRET'],
    ['AUTH_DEV_SCOPES', 'mcp:access,a b', 'each without blanks'],
    ['JWT_MAX_LIFETIME', '0s', 'must be a duration'],
    ['AUTH_DEV_TOKENS', 'yes', 'must be true or false'],
    ['AUDIT_LOG', 'sdtout', 'must be off, stdout, stderr, or a path'],
    ['AUTH_ROLE_SCOPES', '{"a":"b"}', 'must be a JSON object'],
    ['HEARTBEAT', '10m', 'from 100ms to 5m'],
    ['SESSION_MAX', '30d', 'from 100ms to 24d'],
    ['SESSIONS_PER_PRINCIPAL', '0', 'must be a whole number'],
    ['MAX_BODY', '1gb', 'must be a size'],
    ['LOG_LEVEL', 'verbose', 'must be one of silent'],
    ['LOG_FORMAT', 'xml', 'must be one of pretty, json'],
  ])('%s=%s in both environments', (name, value, reason) => {
    for (const base of [DEVELOPMENT, PRODUCTION]) {
      const { problems } = refusal({ ...base, [name]: value });
      expect(problems.map((problem) => problem.name)).toEqual([name]);
      expect(problems[0]?.reason).toContain(reason);
    }
  });
});
