import { RuntimeException } from '@nestjs/core/errors/exceptions/index.js';
import { inspect } from 'node:util';
import { ConfigurationError } from './config/index.js';
import { WiringError } from './mcp/index.js';

/** Their message says what to mend, and a stack would only hide it. The last one is Nest's: a missing provider. */
const MENDABLE = [ConfigurationError, WiringError, RuntimeException];

/** Ends a process that could not start, with 1, and says why; of an error in somebody's code, also where it was thrown. */
export function endUnstarted(error: unknown): void {
  const isMendable = error instanceof Error && MENDABLE.some((kind) => error instanceof kind);
  const text = isMendable ? `${error.name}: ${error.message}` : inspect(error);
  // What was begun before it failed, a pool of connections, would keep a process that serves nobody.
  process.stderr.write(`${text}\n`, () => process.exit(1));
}
