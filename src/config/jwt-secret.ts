import { hkdfSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigurationError, type SettingProblem } from './configuration.error.js';
import { errorCode } from './error-code.js';
import { EXAMPLE_SECRET, productionJwtSecret } from './token-formats.js';

type Variables = Readonly<Record<string, string>>;

/**
 * `JWT_SECRET` from the file that `JWT_SECRET_FILE` names; empty without that setting. The key is the whole file
 * without a line break at its end.
 *
 * @throws {ConfigurationError} when both are set, or the file cannot be read or is empty.
 */
export function secretFromFile({ JWT_SECRET, JWT_SECRET_FILE: file }: Variables): { JWT_SECRET?: string } {
  if (file === undefined) return {};
  if (JWT_SECRET !== undefined) throw unusable('must not be set beside JWT_SECRET: give one of them');
  let secret: string;
  try {
    secret = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw unusable(`names a file that can't be read (${errorCode(error)})`);
  }
  if (secret === '') throw unusable('names an empty file');
  return { JWT_SECRET: secret };
}

/** Problems with the secret that production would refuse. */
export function secretWarnings({ JWT_SECRET }: Variables): readonly SettingProblem[] {
  const { error } = productionJwtSecret.safeParse(JWT_SECRET ?? EXAMPLE_SECRET);
  if (JWT_SECRET === undefined || error === undefined) return Object.freeze([]);
  const reason = `is good for development only, production refuses it: it ${error.issues[0]!.message}`;
  return Object.freeze([{ name: 'JWT_SECRET', reason, example: `JWT_SECRET=${EXAMPLE_SECRET}` }]);
}

/** Bytes of a derived key. */
const KEY_BYTES = 32;

/**
 * A key of 32 bytes for one purpose, the same on every node that has the secret. Without a secret it is this process's
 * own. HKDF with SHA-256: RFC 5869. The purpose separates the keys of one secret (section 3.2).
 */
export function derivedKey(secret: string | undefined, purpose: string): Uint8Array {
  if (secret === undefined) return randomBytes(KEY_BYTES);
  return new Uint8Array(hkdfSync('sha256', secret, '', purpose, KEY_BYTES));
}

function unusable(reason: string): ConfigurationError {
  return new ConfigurationError([
    { name: 'JWT_SECRET_FILE', reason, example: 'JWT_SECRET_FILE=/run/secrets/jwt' },
  ]);
}
