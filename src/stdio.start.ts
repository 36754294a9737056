import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Readable, Writable } from 'node:stream';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { AppModule } from './app.module.js';
import { useLogs } from './app.setup.js';
import { loadStdioSettings } from './config/index.js';
import { SessionDrain, StdioTransport } from './mcp/index.js';
import { heedStrayErrors } from './stray.errors.js';

/** What the host may take to read the last replies. */
const FLUSH_MS = 1_000;

/**
 * Creates the application without a listener, and serves the host at the other end of two streams until it
 * leaves. Resolves with the way to end it earlier. Either way the process exits, within `SHUTDOWN_GRACE` and the
 * time that the host takes to read the last replies.
 */
export async function startStdio(input: Readable, output: Writable): Promise<(reason: string) => void> {
  const settings = loadStdioSettings(process.env);
  const app = await NestFactory.createApplicationContext(AppModule.forRoot(settings), {
    abortOnError: false,
    autoFlushLogs: false,
    bufferLogs: true,
  });
  useLogs(app, settings);
  const logger = new Logger('Server');
  // That the catalogue was filled is told in this turn, and is no change to the host.
  await turn();
  const service = app.get(StdioTransport).serve({ input, output, scopes: settings.stdio.scopes });
  logger.log({ event: 'server.started', transport: 'stdio', environment: settings.environment });

  let stopping = false;
  const stop = async (reason: string, exitCode = 0): Promise<void> => {
    if (stopping) return;
    stopping = true;
    logger.log({ event: 'server.stopping', reason });
    await app.get(SessionDrain).run(settings.sessions.shutdownGraceMs);
    await Promise.race([service.finish(), sleep(FLUSH_MS)]);
    await app.close();
    logger.log({ event: 'server.stopped' });
    // Whatever a tool has left running: the host waits for this process to be gone.
    process.exit(exitCode);
  };
  heedStrayErrors(logger, (reason, exitCode) => void stop(reason, exitCode));
  void service.ended.then((reason) => stop(reason, reason === 'slow_client' ? 1 : 0));
  return (signal) => void stop(signal);
}
