import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { setUp, shutDown } from './app.setup.js';
import { loadSettings } from './config/index.js';
import { BoundedExpressAdapter } from './http/index.js';

async function start(): Promise<void> {
  const settings = loadSettings(process.env, { directory: process.cwd() });
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.forRoot(settings),
    new BoundedExpressAdapter(),
    { abortOnError: false, bodyParser: false, bufferLogs: true },
  );
  setUp(app, settings);
  await app.listen(settings.http.port, settings.http.host);
  const logger = new Logger('Server');
  logger.log({ event: 'server.started', url: settings.http.publicUrl, environment: settings.environment });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void stop(app, signal, settings.sessions.shutdownGraceMs, logger));
  }
}

async function stop(
  app: NestExpressApplication,
  signal: string,
  graceMs: number,
  logger: Logger,
): Promise<void> {
  logger.log({ event: 'server.stopping', signal });
  await shutDown(app, graceMs);
  logger.log({ event: 'server.stopped' });
}

try {
  await start();
} catch (error) {
  // The settings or the wiring: the message says what to mend, and a stack would only hide it.
  process.stderr.write(`${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}\n`);
  process.exitCode = 1;
}
