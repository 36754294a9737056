import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigurationError } from './configuration.error.js';
import { errorCode } from './error-code.js';

const ENV_FILE = '.env';

/**
 * In development adds the variables in a directory's `.env` to `env`, where Nest's `ConfigService` and the application's
 * code read them. Variables that `env` has, also empty ones, are kept. In production no file is read. An unreadable file
 * is reported by `loadSettings`.
 */
export function addEnvFile(env: NodeJS.ProcessEnv, directory: string): void {
  const { NODE_ENV: environment } = env;
  if (environment !== 'development' && environment !== 'test') return;
  try {
    for (const [name, value] of Object.entries(readEnvFile(directory))) env[name] ??= value;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
  }
}

/** The variables in a directory's `.env`; none where there is no such file. */
export function readEnvFile(directory: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(join(directory, ENV_FILE), 'utf8'));
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return {};
    const reason = `can't be read (${code})`;
    throw new ConfigurationError([{ name: ENV_FILE, reason, example: 'chmod u+r .env' }]);
  }
}
