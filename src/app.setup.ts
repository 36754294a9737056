import { type INestApplicationContext, Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Settings } from './config/index.js';
import { edge } from './http/index.js';
import { SessionDrain } from './mcp/index.js';
import { AppLogger, Readiness } from './observability/index.js';

/** Room for the streams to flush and the listener to close, out of the grace period. */
const CLOSING_SHARE = 0.25;
const MAX_CLOSING_MS = 1_000;

/** Hands the application's logs, also those that it has kept so far, to the logger of the settings. */
export function useLogs(app: INestApplicationContext, { logs }: Settings): void {
  app.useLogger(app.get(AppLogger));
  app.flushLogs();
  // So that whoever asks before it makes a line hears that nobody wants it.
  if (!['debug', 'trace'].includes(logs.level)) Logger.overrideLogger(['log', 'warn', 'error', 'fatal']);
}

/** What `main.ts` and the e2e tests do alike to an application before it is initialised. */
export function setUp(app: NestExpressApplication, settings: Settings): void {
  useLogs(app, settings);
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('trust proxy', [...settings.http.trustedProxies]);
  app.use(edge(settings.http));
}

/**
 * Ends the application within `SHUTDOWN_GRACE`: not ready any more, no new session or call, the calls in
 * flight are answered or told why not, streams end, connections close. Nest's own shutdown would wait for
 * the streams for ever, or cut the calls.
 */
export async function shutDown(app: NestExpressApplication, graceMs: number): Promise<void> {
  const closingMs = Math.min(MAX_CLOSING_MS, graceMs * CLOSING_SHARE);
  app.get(Readiness).obstruct('shutting_down');
  await app.get(SessionDrain).run(graceMs - closingMs);
  const server = app.getHttpServer();
  const cut = setTimeout(() => server.closeAllConnections(), closingMs);
  await app.close();
  clearTimeout(cut);
}
