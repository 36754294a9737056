import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError, loadSettings, type EnvironmentVariables } from './index.js';

const SECRET = 'M8sZ0w1vYk3qTn5bXr7uLd9eHg2jCf4a';
const PRODUCTION = { NODE_ENV: 'production', PUBLIC_URL: 'https://mcp.example.com', JWT_SECRET: SECRET };

describe('the files of loadSettings', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'load-settings-files-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const load = (env: EnvironmentVariables) => loadSettings(env, { directory });
  const development = (env: EnvironmentVariables = {}) => load({ NODE_ENV: 'development', ...env });
  const dotenv = (content: string) => writeFileSync(join(directory, '.env'), content);

  it('makes the secret of development once', () => {
    const { secret } = development().auth;
    expect(secret).toHaveLength(43);
    expect(development().auth.secret).toBe(secret);
  });

  it('makes no file where JWT_SECRET is set', () => {
    expect(development({ JWT_SECRET: SECRET }).auth.secret).toBe(SECRET);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('reads .env in development; the process wins, also with an empty variable', () => {
    dotenv(`# a comment\nPORT=4001\nHEARTBEAT=20s\nMAX_BODY=1mb\nJWT_SECRET="${SECRET}"\n`);
    const { http, sessions, auth } = development({ PORT: '4002', MAX_BODY: '' });
    expect([http.port, sessions.heartbeatMs, http.maxBodyBytes]).toEqual([4002, 20_000, 4_194_304]);
    expect(auth.secret).toBe(SECRET);
    expect(existsSync(join(directory, '.dev-jwt-secret'))).toBe(false);
  });

  it('does not let .env choose the environment', () => {
    dotenv('NODE_ENV=production\n');
    expect(development().environment).toBe('development');
    dotenv('NODE_ENV=development\n');
    expect(load({ ...PRODUCTION, NODE_ENV: undefined }).environment).toBe('production');
  });

  it('validates .env like the process', () => {
    dotenv('JWT_SECRT=x\n');
    expect(() => development()).toThrow(
      'JWT_SECRT is not a setting of this server; did you mean JWT_SECRET?',
    );
  });

  it('says when .env cannot be read', () => {
    mkdirSync(join(directory, '.env'));
    expect(() => development()).toThrow(".env can't be read (EISDIR)");
  });

  it('reads and writes no file in production', () => {
    dotenv('PORT=4001\nAUTH_TYPO=x\n');
    expect(load(PRODUCTION).http.port).toBe(3001);
    expect(() => load({ NODE_ENV: 'production' })).toThrow(ConfigurationError);
    expect(readdirSync(directory)).toEqual(['.env']);
  });

  it('does not change the environment of the process', () => {
    dotenv('PORT=4001\n');
    const env = Object.freeze({ NODE_ENV: 'development' });
    expect(loadSettings(env, { directory }).http.port).toBe(4001);
    expect(env).toEqual({ NODE_ENV: 'development' });
  });
});
