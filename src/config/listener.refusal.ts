import { ConfigurationError, type SettingProblem } from './configuration.error.js';
import { errorCode } from './error-code.js';

const PORT_EXAMPLE = 'PORT=3002';
const HOST_EXAMPLE = 'HOST=127.0.0.1';

/** By the error code of `listen(2)` or of the DNS lookup. */
const PROBLEMS: Readonly<Record<string, SettingProblem>> = {
  EADDRINUSE: { name: 'PORT', reason: 'is taken by another process', example: PORT_EXAMPLE },
  EACCES: { name: 'PORT', reason: 'is not allowed to this user', example: PORT_EXAMPLE },
  EADDRNOTAVAIL: { name: 'HOST', reason: 'is no address of this machine', example: HOST_EXAMPLE },
  ENOTFOUND: { name: 'HOST', reason: 'is a name without an address', example: HOST_EXAMPLE },
};

/** Maps a listen error to the setting to change; returns any other error unchanged. */
export function listenerRefusal(error: unknown): unknown {
  const code = errorCode(error);
  const problem = PROBLEMS[code];
  if (problem === undefined) return error;
  return new ConfigurationError([{ ...problem, reason: `${problem.reason} (${code})` }]);
}
