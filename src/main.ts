import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import { AppModule } from './app.module.js';
import { setUp, shutDown } from './app.setup.js';
import { loadSettings } from './config/index.js';
import { BoundedExpressAdapter } from './http/index.js';

/** Ends the process in order, from the moment on that there is something to end. */
let stop = (_signal: string): void => process.exit(0);

async function start(): Promise<void> {
  // As process 1 of a container nothing else ends it: also a start that is interrupted.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(signal));
  const settings = loadSettings(process.env, { directory: process.cwd() });
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.forRoot(settings),
    new BoundedExpressAdapter(),
    { abortOnError: false, bodyParser: false, bufferLogs: true },
  );
  setUp(app, settings);
  await app.listen(settings.http.port, settings.http.host);
  const logger = new Logger('Server');
  stop = (signal) => {
    logger.log({ event: 'server.stopping', signal });
    void shutDown(app, settings.sessions.shutdownGraceMs).then(() => logger.log({ event: 'server.stopped' }));
  };
  const { address, port } = app.getHttpServer().address() as AddressInfo;
  logger.log({
    event: 'server.started',
    url: settings.http.publicUrl,
    listening: `${address}:${port}`,
    environment: settings.environment,
    developmentTokens: settings.auth.developmentTokens,
  });
}

try {
  await start();
} catch (error) {
  // The settings or the wiring: the message says what to mend, and a stack would only hide it.
  process.stderr.write(`${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}\n`);
  process.exitCode = 1;
}
