import { Logger } from '@nestjs/common';
import type { AddressInfo } from 'node:net';
import { listenerRefusal, loadSettings } from '../config/index.js';
import { catalogueOf, closeHttpApp, createHttpApp } from './http-app.js';
import { type Stop, stopInOrder } from './orderly-stop.js';

/** Creates the application and listens. The returned function stops both within `SHUTDOWN_GRACE`. */
export async function startHttpServer(): Promise<Stop> {
  const settings = loadSettings(process.env, { directory: process.cwd() });
  // Tools and their child processes do not need the key.
  delete process.env['JWT_SECRET'];
  delete process.env['REDIS_URL'];
  const app = await createHttpApp(settings);
  try {
    await app.listen(settings.http.port, settings.http.host);
  } catch (error) {
    throw listenerRefusal(error);
  }
  const logger = new Logger('Server');
  for (const { name, reason } of settings.warnings) {
    logger.warn({ event: 'settings.weak', setting: name, reason: `${name} ${reason}` });
  }
  const { address, port } = app.getHttpServer().address() as AddressInfo;
  logger.log({
    event: 'server.started',
    url: settings.http.publicUrl,
    listening: `${address}:${port}`,
    environment: settings.environment,
    developmentTokens: settings.auth.developmentTokens,
    ...catalogueOf(app),
  });
  const { shutdownDelayMs, shutdownGraceMs } = settings.sessions;
  return stopInOrder(logger, () => closeHttpApp(app, shutdownGraceMs, shutdownDelayMs));
}
