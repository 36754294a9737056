import { type INestApplicationContext, Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from './config/index.js';
import { edge } from './http/index.js';
import { SessionDrain } from './mcp/index.js';
import { AppLogger, Readiness } from './observability/index.js';

/** Room for the streams to flush and the listener to close, out of the grace period. */
const CLOSING_SHARE = 0.25;
const MAX_CLOSING_MS = 1_000;
/** So long clients have to hear that their connection ends, before idle ones are closed. */
const GOODBYE_MS = 250;
const POLL_MS = 10;

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
  const server: Server = app.getHttpServer();
  app.get(Readiness).obstruct('shutting_down');
  await app.get(SessionDrain).run(graceMs - closingMs);
  const cut = setTimeout(() => server.closeAllConnections(), closingMs);
  await sayGoodbye(server, Math.min(GOODBYE_MS, closingMs));
  await app.close();
  clearTimeout(cut);
}

/**
 * Takes no new connection, and tells whoever goes on using one that it ends, with the next response on it: what a
 * client sends on a connection that is closed under it may or may not have been done. RFC 9112, section 9.6.
 */
async function sayGoodbye(server: Server, ms: number): Promise<void> {
  // As an HTTP server it would close the idle connections too.
  NetServer.prototype.close.call(server);
  server.prependListener('request', (_request, response) => (response.shouldKeepAlive = false));
  const until = Date.now() + ms;
  while (Date.now() < until && (await connectionsOf(server)) > 0) await sleep(POLL_MS);
}

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}
