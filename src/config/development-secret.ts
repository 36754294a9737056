import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from './configuration.error.js';
import { errorCode } from './error-code.js';
import { EXAMPLE_SECRET } from './token-formats.js';

/** Git-ignored. */
export const DEVELOPMENT_SECRET_FILE = '.dev-jwt-secret';

const MIN_BYTES = 32;
const WAIT_MS = 2_000;
const POLL_MS = 10;

/** The HS256 key of this directory: created at the first start and kept. */
export function developmentSecret(directory: string): string {
  const file = join(directory, DEVELOPMENT_SECRET_FILE);
  const secret = create(file) ?? readWhenWritten(file);
  if (Buffer.byteLength(secret) >= MIN_BYTES) return secret;
  throw unusable(`in ${DEVELOPMENT_SECRET_FILE} is shorter than ${MIN_BYTES} bytes; delete the file`);
}

function create(file: string): string | undefined {
  const secret = randomBytes(32).toString('base64url');
  try {
    writeFileSync(file, `${secret}\n`, { flag: 'wx', mode: 0o600 });
    return secret;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return undefined;
    throw unusable(
      `can't be made: ${DEVELOPMENT_SECRET_FILE} can't be written (${errorCode(error)}); make its folder writable`,
    );
  }
}

// Another process may have just created the file and not yet written to it.
function readWhenWritten(file: string): string {
  const deadline = Date.now() + WAIT_MS;
  let secret = read(file);
  while (secret === '' && Date.now() < deadline) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
    secret = read(file);
  }
  return secret;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw unusable(`can't be read from ${DEVELOPMENT_SECRET_FILE} (${errorCode(error)}); make it readable`);
  }
}

function unusable(reason: string): ConfigurationError {
  const example = `JWT_SECRET=${EXAMPLE_SECRET}`;
  return new ConfigurationError([{ name: 'JWT_SECRET', reason: `${reason}, or set JWT_SECRET`, example }]);
}
