import type { Logger } from '@nestjs/common';

/**
 * Errors that nobody has caught, from here on. A promise that a tool has let go of is nobody else's: it is logged,
 * and everybody is served on. After an exception nobody knows what was left half done: it is logged, and `stop` ends
 * the process in order, for another to take its place.
 */
export function heedStrayErrors(logger: Logger, stop: (reason: string, exitCode: number) => void): void {
  process.on('unhandledRejection', (err) => logger.error({ event: 'process.rejection', err }));
  process.on('uncaughtException', (err) => {
    logger.fatal({ event: 'process.exception', err });
    stop('uncaught_exception', 1);
  });
}
