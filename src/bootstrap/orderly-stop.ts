import type { Logger } from '@nestjs/common';

/** Stops the server and then the process; the reason is logged. Only the first call counts. */
export type Stop = (reason: string, exitCode?: number) => void;

/**
 * Returns the {@link Stop} of a running server: `close`, then exit. From now on it also handles uncaught errors. A
 * rejected promise concerns only the tool that did not handle it: it is logged, and the server continues. After an
 * uncaught exception the state of the process is unknown: it is logged, and the process stops with exit code 1, so that
 * its supervisor restarts it.
 */
export function stopInOrder(logger: Logger, close: () => Promise<void>): Stop {
  let stopping = false;
  const stop = async (reason: string, exitCode: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    logger.log({ event: 'server.stopping', reason });
    await close();
    logger.log({ event: 'server.stopped' });
    // A timer or socket that a tool left open must not keep the process alive.
    process.exit(exitCode);
  };
  process.on('unhandledRejection', (err) => logger.error({ event: 'process.rejection', err }));
  process.on('uncaughtException', (err) => {
    logger.fatal({ event: 'process.exception', err });
    void stop('uncaught_exception', 1);
  });
  return (reason, exitCode = 0) => void stop(reason, exitCode);
}
