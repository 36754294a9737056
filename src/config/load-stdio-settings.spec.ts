import { ConfigurationError, loadStdioSettings } from './index.js';

const destination = (env: Record<string, string>): unknown => loadStdioSettings(env).audit.destination;

describe('loadStdioSettings', () => {
  it('needs nothing, and logs to standard error', () => {
    expect(loadStdioSettings({})).toMatchObject({
      environment: 'development',
      http: { maxBodyBytes: 4 * 2 ** 20 },
      sessions: { shutdownGraceMs: 2_000, maxMs: Number.POSITIVE_INFINITY },
      stdio: { scopes: ['mcp:access'] },
      logs: { level: 'info', format: 'pretty', stream: 'stderr' },
    });
  });

  it('takes the defaults of NODE_ENV', () => {
    expect(loadStdioSettings({ NODE_ENV: 'production' })).toMatchObject({
      environment: 'production',
      sessions: { shutdownGraceMs: 25_000 },
      logs: { format: 'json', stream: 'stderr' },
    });
  });

  it('reads the settings that apply there, and no other', () => {
    const settings = loadStdioSettings({
      STDIO_SCOPES: 'mcp:access,orders:write',
      MAX_BODY: '1mb',
      SHUTDOWN_GRACE: '1s',
      LOG_LEVEL: 'warn',
      LOG_FORMAT: 'json',
      PORT: 'none',
      SESSION_MAX: '1h',
      JWT_SECRET: 'short',
      AUTH_SECRET: 'of another program',
    });
    expect(settings).toMatchObject({
      http: { maxBodyBytes: 2 ** 20 },
      sessions: { shutdownGraceMs: 1_000, maxMs: Number.POSITIVE_INFINITY },
      stdio: { scopes: ['mcp:access', 'orders:write'] },
      logs: { level: 'warn', format: 'json' },
    });
  });

  it('keeps audit records off the standard output, and writes them on request only', () => {
    expect(destination({ NODE_ENV: 'production' })).toBe('off');
    expect(destination({ AUDIT_LOG: 'stdout' })).toBe('stderr');
    expect(destination({ AUDIT_LOG: '/var/log/audit.jsonl' })).toEqual({ file: '/var/log/audit.jsonl' });
  });

  it('has a random secret', () => {
    const [one, other] = [loadStdioSettings({}), loadStdioSettings({})];
    expect(Buffer.byteLength(one.auth.secret!)).toBeGreaterThanOrEqual(32);
    expect(one.auth.secret).not.toBe(other.auth.secret);
  });

  it.each([
    ['STDIO_SCOPES', 'orders:write', 'must contain mcp:access'],
    ['STDIO_SCOPES', 'mcp:access,"canary"', 'must be a scope, without blanks, quotes or \\ (entry 2)'],
    ['NODE_ENV', 'canary', 'must be one of development, production, test'],
    ['LOG_LEVEL', 'canary', expect.stringContaining('must be one of')],
  ])('refuses a wrong %s: %s', (name, value, reason) => {
    let problems: unknown;
    try {
      loadStdioSettings({ [name]: value });
    } catch (error) {
      problems = (error as ConfigurationError).problems;
    }
    expect(problems).toEqual([{ name, reason, example: expect.stringContaining(name) }]);
  });
});
