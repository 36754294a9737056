import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { loadSettings } from './index.js';
import type { Setting, SettingDefault } from './setting.js';
import { SETTINGS_TABLE } from './settings-table.js';
import { UNSUPPORTED_SETTINGS } from './unsupported-settings.js';

const table: readonly (readonly [string, Setting])[] = Object.entries(SETTINGS_TABLE);
const textOf = (value: SettingDefault) => (typeof value === 'string' ? value : value.description);
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('the settings', () => {
  it('have the order and the defaults that users rely on', () =>
    expect(
      table.map(([name, { defaults }]) => [name, textOf(defaults.development), textOf(defaults.production)]),
    ).toEqual([
      ['NODE_ENV', 'set by npm start', 'production'],
      ['HOST', '127.0.0.1', '0.0.0.0'],
      ['PORT', '3001', '3001'],
      ['PUBLIC_URL', 'http://localhost:<PORT>', 'required'],
      ['ALLOWED_HOSTS', 'loopback names', 'host of PUBLIC_URL'],
      ['ALLOWED_ORIGINS', 'loopback names', 'none'],
      ['CORS_METHODS', 'none', 'none'],
      ['CORS_HEADERS', 'none', 'none'],
      ['CORS_EXPOSED_HEADERS', 'none', 'none'],
      ['TRUSTED_PROXIES', 'none', 'none'],
      [
        'JWT_SECRET',
        'made at first start, kept in .dev-jwt-secret',
        'required without JWT_SECRET_FILE or AUTH_ISSUERS',
      ],
      ['JWT_SECRET_FILE', 'none', 'none'],
      ['JWT_CLOCK_TOLERANCE', '5s', '5s'],
      ['JWT_ISSUER', 'PUBLIC_URL', 'PUBLIC_URL'],
      ['JWT_AUDIENCE', 'PUBLIC_URL', 'PUBLIC_URL'],
      ['JWT_MAX_LIFETIME', '30d', '30d'],
      ['JWT_CLAIMS', 'none', 'none'],
      ['AUTH_ISSUERS', 'none', 'none'],
      ['AUTH_ROLE_SCOPES', 'none', 'none'],
      ['AUTH_DEV_TOKENS', 'true', 'false'],
      ['AUTH_DEV_SCOPES', 'mcp:access', 'mcp:access'],
      ['SESSION_IDLE', '30m', '30m'],
      ['SESSION_MAX', '12h', '12h'],
      ['SESSION_PING', 'off', 'off'],
      ['SESSIONS_PER_PRINCIPAL', '100', '100'],
      ['HEARTBEAT', '15s', '15s'],
      ['RATE_LIMIT', 'off', '600/1m'],
      ['RATE_LIMIT_IP', 'off', '60/1m'],
      ['CALLS_IN_FLIGHT', '100', '100'],
      ['BYTES_IN_FLIGHT', '64mb', '64mb'],
      ['CONNECTIONS', '16384', '16384'],
      ['CONNECTIONS_PER_ADDRESS', '4096', '4096'],
      ['MAX_BODY', '4mb', '4mb'],
      ['REDIS_URL', 'none: one node, in memory', 'none: one node, in memory'],
      ['REDIS_PREFIX', 'mcp', 'mcp'],
      ['SHUTDOWN_DELAY', '0s', '5s with REDIS_URL, else 0s'],
      ['SHUTDOWN_GRACE', '2s', '25s'],
      ['LOG_LEVEL', 'info', 'info'],
      ['LOG_FORMAT', 'pretty', 'json'],
      ['STDIO_SCOPES', 'mcp:access', 'mcp:access'],
      ['AUDIT_LOG', 'off', 'stdout'],
      ['AUDIT_SYNC', 'off', 'off'],
    ]));

  it.each(table)('%s has an example that is accepted', (name, setting) => {
    const strictest = setting.inProduction ?? setting.schema;
    expect(setting.schema.safeParse(setting.example).success).toBe(true);
    // The example secret is public, so production refuses it.
    expect(strictest.safeParse(setting.example).success).toBe(name !== 'JWT_SECRET');
  });

  it('are never both supported and unsupported', () =>
    expect(table.filter(([name]) => name in UNSUPPORTED_SETTINGS)).toEqual([]));
});

describe('.env.example', () => {
  const [, ...blocks] = read('.env.example').trimEnd().split('\n\n');

  it('mirrors the table line by line', () =>
    expect(blocks).toEqual(
      table.map(([name, { description, defaults, example }]) =>
        [
          `# ${description}`,
          `# Default: ${textOf(defaults.development)} (development), ${textOf(defaults.production)} (production)`,
          `# ${name}=${example}`,
        ].join('\n'),
      ),
    ));

  it('sets nothing as it stands', () => expect(parseEnv(blocks.join('\n'))).toEqual({}));

  it('can be used with every setting switched on', () => {
    const env = parseEnv(blocks.join('\n').replaceAll(/^# (?=[A-Z_]+=)/gm, ''));
    expect(new Set(Object.keys(env))).toEqual(new Set(table.map(([name]) => name)));
    // The two exclude each other.
    delete env['JWT_SECRET_FILE'];
    const settings = loadSettings({ ...env, NODE_ENV: 'development' }, { directory: import.meta.dirname });
    expect(settings.auth.externalIssuers).toHaveLength(1);
    expect({ ...settings.auth.roleScopes }).toEqual({ operator: ['mcp:access', 'mcp:admin'] });
  });
});

describe('docs/configuration.md', () => {
  const rows = read('docs/configuration.md')
    .split('\n')
    .map((line) => line.replaceAll(/ +/g, ' '));

  it.each(table)('has a row for %s that says the same', (name, { description, defaults }) => {
    const cells = [`\`${name}\``, textOf(defaults.development), textOf(defaults.production), description];
    expect(rows.map((row) => row.replaceAll('\\', ''))).toContain(`| ${cells.join(' | ')} |`);
  });

  it.each(Object.keys(UNSUPPORTED_SETTINGS))('says that %s is not supported yet', (name) =>
    expect(rows.join('\n')).toContain(`- \`${name}\``),
  );
});
