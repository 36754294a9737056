import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Readable, Writable } from 'node:stream';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { AppModule } from '../app.module.js';
import { loadStdioSettings } from '../config/index.js';
import { SessionDrain, StdioTransport } from '../mcp/index.js';
import { AppLogger } from '../observability/index.js';
import { APP_OPTIONS, catalogueOf, useLogs } from './http-app.js';
import { type Stop, stopInOrder } from './orderly-stop.js';

/** How long the host may take to read the last replies. Milliseconds. */
const FLUSH_MS = 1_000;

/**
 * Creates the application without a listener and serves the host over two streams until the host disconnects. The
 * returned function stops it earlier. Either way the process exits within `SHUTDOWN_GRACE` and the time that the host
 * takes to read the last replies.
 */
export async function startStdioServer(input: Readable, output: Writable): Promise<Stop> {
  const settings = loadStdioSettings(process.env);
  // Neither this transport nor a tool uses it.
  delete process.env['JWT_SECRET'];
  const logger = await AppLogger.of(settings.logs);
  const app = await NestFactory.createApplicationContext(AppModule.forRoot(settings), {
    ...APP_OPTIONS,
    logger,
  });
  useLogs(app, settings);
  const log = new Logger('Server');
  // The catalogue announces its initial content in this turn. The host connects after it, so that it does not receive
  // this as a change.
  await turn();
  const service = app.get(StdioTransport).serve({ input, output, scopes: settings.stdio.scopes });
  log.log({
    event: 'server.started',
    transport: 'stdio',
    environment: settings.environment,
    ...catalogueOf(app),
  });
  const stop = stopInOrder(log, async () => {
    await app.get(SessionDrain).run(settings.sessions.shutdownGraceMs);
    await Promise.race([service.finish(), sleep(FLUSH_MS)]);
    await app.close();
  });
  void service.ended.then((reason) => stop(reason, reason === 'slow_client' ? 1 : 0));
  return stop;
}
