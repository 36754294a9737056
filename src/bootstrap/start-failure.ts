import { RuntimeException } from '@nestjs/core/errors/exceptions/index.js';
import { BackplaneRefused } from '../backplane/index.js';
import { ConfigurationError } from '../config/index.js';
import { WiringError } from '../mcp/index.js';

/**
 * Errors whose message says what to change, so that a stack adds nothing. The last one is Nest's: a missing provider.
 */
const SELF_EXPLAINING = [BackplaneRefused, ConfigurationError, WiringError, RuntimeException];

/** Ends a process whose start has failed, with exit code 1, and prints the reason. */
export function exitWithStartFailure(error: unknown): void {
  // A connection pool opened before the failure would keep the process alive.
  process.stderr.write(`${textOf(error)}\n`, () => process.exit(1));
}

/**
 * For an error in the adopter's code also the stack and the cause. Never other properties: those of client libraries
 * hold requests and credentials.
 */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const printed = `${error.name}: ${error.message}`;
  if (SELF_EXPLAINING.some((kind) => error instanceof kind)) return printed;
  const because = error.cause instanceof Error ? `\nbecause of ${String(error.cause)}` : '';
  return (error.stack ?? printed) + because;
}
