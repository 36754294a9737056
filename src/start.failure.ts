import { RuntimeException } from '@nestjs/core/errors/exceptions/index.js';
import { inspect } from 'node:util';
import { ConfigurationError } from './config/index.js';
import { WiringError } from './mcp/index.js';

/** Their message says what to mend, and a stack would only hide it. The last one is Nest's: a missing provider. */
const MENDABLE = [ConfigurationError, WiringError, RuntimeException];

/** What is told of a start that failed; of an error in somebody's code, also where it was thrown. */
export function startFailure(error: unknown): string {
  if (!(error instanceof Error) || !MENDABLE.some((kind) => error instanceof kind)) return inspect(error);
  return `${error.name}: ${error.message}`;
}
