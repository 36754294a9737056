import { RuntimeException } from '@nestjs/core/errors/exceptions/index.js';
import { ConfigurationError } from './config/index.js';
import { WiringError } from './mcp/index.js';

/** Their message says what to mend, and a stack would only hide it. The last one is Nest's: a missing provider. */
const MENDABLE = [ConfigurationError, WiringError, RuntimeException];

/** Ends a process that could not start, with 1, and says why. */
export function endUnstarted(error: unknown): void {
  // What was begun before it failed, a pool of connections, would keep a process that serves nobody.
  process.stderr.write(`${textOf(error)}\n`, () => process.exit(1));
}

/**
 * Of an error in somebody's code also where it was thrown and what was behind it. Never the other properties of
 * an error: those of a client library hold requests and credentials.
 */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const told = `${error.name}: ${error.message}`;
  if (MENDABLE.some((kind) => error instanceof kind)) return told;
  const because = error.cause instanceof Error ? `\nbecause of ${String(error.cause)}` : '';
  return (error.stack ?? told) + because;
}
