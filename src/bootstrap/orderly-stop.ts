import type { Logger } from '@nestjs/common';

/** Ends the server and then the process, for a reason that is logged. Only the first call counts. */
export type Stop = (reason: string, exitCode?: number) => void;

/**
 * Makes the {@link Stop} of a server that is running: `close`, then the exit of the process. From here on it also
 * handles errors that no code has caught. A rejected promise concerns the tool alone that dropped it: it is logged,
 * and the server goes on. After an uncaught exception the state of the process is unknown: it is logged, and the
 * process ends in order, with exit code 1, so that its supervisor starts another one.
 */
export function stopInOrder(logger: Logger, close: () => Promise<void>): Stop {
  let stopping = false;
  const stop = async (reason: string, exitCode: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    logger.log({ event: 'server.stopping', reason });
    await close();
    logger.log({ event: 'server.stopped' });
    // A timer or socket that a tool has left open must not keep the process: its supervisor waits for the exit.
    process.exit(exitCode);
  };
  process.on('unhandledRejection', (err) => logger.error({ event: 'process.rejection', err }));
  process.on('uncaughtException', (err) => {
    logger.fatal({ event: 'process.exception', err });
    void stop('uncaught_exception', 1);
  });
  return (reason, exitCode = 0) => void stop(reason, exitCode);
}
