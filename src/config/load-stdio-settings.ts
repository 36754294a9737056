import { randomBytes } from 'node:crypto';
import { type EnvironmentVariables, loadSettings } from './load-settings.js';
import type { Settings } from './settings.js';

/** What counts where there are neither HTTP nor tokens nor other nodes. */
const NAMES = ['LOG_FORMAT', 'LOG_LEVEL', 'MAX_BODY', 'SHUTDOWN_GRACE', 'STDIO_SCOPES'];

/**
 * The configuration of a server that a host has started as a child process, in a directory and with an
 * environment of the host's choosing: it touches no file, and heeds the few settings only that have a meaning
 * there. `NODE_ENV` picks their defaults, those of development where it is not set; nothing is required.
 *
 * @throws {ConfigurationError} with everything that is wrong; no text of it holds the value of a setting.
 */
export function loadStdioSettings(env: EnvironmentVariables): Settings {
  const settings = loadSettings({
    ...Object.fromEntries(NAMES.map((name) => [name, env[name]])),
    NODE_ENV: env['NODE_ENV'] || 'development',
    PUBLIC_URL: 'http://localhost',
    // Nobody else is there to be held to account, unless somebody wants a record.
    AUDIT_LOG: env['AUDIT_LOG'] || 'off',
    AUDIT_SYNC: env['AUDIT_SYNC'],
    JWT_SECRET: randomBytes(32).toString('base64url'),
  });
  return Object.freeze({
    ...settings,
    // The one session is as old as the process.
    sessions: Object.freeze({ ...settings.sessions, maxMs: Number.POSITIVE_INFINITY }),
    logs: Object.freeze({ ...settings.logs, stream: 'stderr' }),
    // The standard output is the protocol's.
    audit:
      settings.audit.destination === 'stdout'
        ? Object.freeze({ ...settings.audit, destination: 'stderr' })
        : settings.audit,
  });
}
