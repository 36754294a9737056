import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigurationError } from './configuration.error.js';
import { errorCode } from './error-code.js';

const ENV_FILE = '.env';

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
