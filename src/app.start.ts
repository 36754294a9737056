import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import { AppModule } from './app.module.js';
import { setUp, shutDown } from './app.setup.js';
import { listenerRefusal, loadSettings } from './config/index.js';
import { BoundedExpressAdapter } from './http/index.js';
import { heedStrayErrors } from './stray.errors.js';

/** Creates the application and listens. Resolves with the way to end it and the process, within `SHUTDOWN_GRACE`. */
export async function start(): Promise<(signal: string) => void> {
  const settings = loadSettings(process.env, { directory: process.cwd() });
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.forRoot(settings),
    new BoundedExpressAdapter(),
    { abortOnError: false, autoFlushLogs: false, bodyParser: false, bufferLogs: true },
  );
  setUp(app, settings);
  try {
    await app.listen(settings.http.port, settings.http.host);
  } catch (error) {
    throw listenerRefusal(error);
  }
  const logger = new Logger('Server');
  const { address, port } = app.getHttpServer().address() as AddressInfo;
  logger.log({
    event: 'server.started',
    url: settings.http.publicUrl,
    listening: `${address}:${port}`,
    environment: settings.environment,
    developmentTokens: settings.auth.developmentTokens,
  });
  let stopping = false;
  const stop = async (reason: string, exitCode = 0): Promise<void> => {
    if (stopping) return;
    stopping = true;
    logger.log({ event: 'server.stopping', reason });
    await shutDown(app, settings.sessions.shutdownGraceMs);
    logger.log({ event: 'server.stopped' });
    // Whatever a tool has left running: an orchestrator waits for this process to be gone.
    process.exit(exitCode);
  };
  heedStrayErrors(logger, (reason, exitCode) => void stop(reason, exitCode));
  return (signal) => void stop(signal);
}
