import { randomBytes } from 'node:crypto';
import { type EnvironmentVariables, loadSettings } from './load-settings.js';
import type { Settings } from './settings.js';

/** The settings that apply without HTTP, tokens and other nodes. */
const NAMES = ['LOG_FORMAT', 'LOG_LEVEL', 'MAX_BODY', 'SHUTDOWN_GRACE', 'STDIO_SCOPES'];

/**
 * The configuration of a server that a host has started as a child process, in a directory and environment of the
 * host's choice: it reads no file and uses only the settings that apply over stdio. `NODE_ENV` selects their defaults
 * (development where unset); nothing is required.
 *
 * @throws {ConfigurationError} with all problems; it never contains the value of a setting.
 */
export function loadStdioSettings(env: EnvironmentVariables): Settings {
  const settings = loadSettings({
    ...Object.fromEntries(NAMES.map((name) => [name, env[name]])),
    NODE_ENV: env['NODE_ENV'] || 'development',
    PUBLIC_URL: 'http://localhost',
    // The only caller is the user who started the process, so records are off unless they are requested.
    AUDIT_LOG: env['AUDIT_LOG'] || 'off',
    AUDIT_SYNC: env['AUDIT_SYNC'],
    JWT_SECRET: randomBytes(32).toString('base64url'),
  });
  return Object.freeze({
    ...settings,
    // The one session lives as long as the process.
    sessions: Object.freeze({ ...settings.sessions, maxMs: Number.POSITIVE_INFINITY }),
    logs: Object.freeze({ ...settings.logs, stream: 'stderr' }),
    // The protocol uses standard output.
    audit:
      settings.audit.destination === 'stdout'
        ? Object.freeze({ ...settings.audit, destination: 'stderr' })
        : settings.audit,
  });
}
