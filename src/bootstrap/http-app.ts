import {
  type DynamicModule,
  type INestApplicationContext,
  Logger,
  type NestApplicationOptions,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppModule } from '../app.module.js';
import { RefusalLog } from '../audit/index.js';
import type { Settings } from '../config/index.js';
import { BoundedExpressAdapter, edge } from '../http/index.js';
import { PromptRegistry, ResourceRegistry, SessionDrain, ToolRegistry } from '../mcp/index.js';
import { configureApplication } from '../modules.js';
import { AppLogger, Readiness } from '../observability/index.js';

/** Bodies are read after the guard. A failed start rejects; `exitWithStartFailure` reports it. */
export const APP_OPTIONS = {
  abortOnError: false,
  bodyParser: false,
} as const satisfies NestApplicationOptions;

/** Share of the grace period reserved for flushing streams and closing the listener. */
const CLOSING_SHARE = 0.25;
const MAX_CLOSING_MS = 1_000;
/** How long clients are sent `Connection: close` before idle connections are closed. Milliseconds. */
const ANNOUNCE_MS = 250;
const POLL_MS = 10;

/** As Express compiles its setting `trust proxy`. */
type Trust = (address: string, hop: number) => boolean;

/** Creates the application that `main.ts` serves. `root`: the root module, default {@link AppModule}. */
export async function createHttpApp(
  settings: Settings,
  root: DynamicModule = AppModule.forRoot(settings),
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(root, new BoundedExpressAdapter(), {
    ...APP_OPTIONS,
    logger: await AppLogger.of(settings.logs),
  });
  configureHttpApp(app, settings);
  await configureApplication(app);
  return app;
}

/** Sends the application's log lines to the configured logger. */
export function useLogs(app: INestApplicationContext, { logs }: Settings): void {
  app.useLogger(app.get(AppLogger));
  // Makes `Logger.isLevelEnabled` match the settings.
  if (!['debug', 'trace'].includes(logs.level)) Logger.overrideLogger(['log', 'warn', 'error', 'fatal']);
}

/** The number of primitives of each kind, for the start line of the log. */
export function catalogueOf(app: INestApplicationContext): Readonly<Record<string, number>> {
  const [tools, resources, prompts] = [ToolRegistry, ResourceRegistry, PromptRegistry].map(
    (registry) => app.get<{ readonly size: number }>(registry).size,
  ) as [number, number, number];
  return { tools, resources, prompts };
}

/** Configures the HTTP application before it is initialised. */
export function configureHttpApp(app: NestExpressApplication, settings: Settings): void {
  useLogs(app, settings);
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('trust proxy', [...settings.http.trustedProxies]);
  const isProxy = app.getHttpAdapter().getInstance().get('trust proxy fn') as Trust;
  const { maxConnections, maxConnectionsPerAddress } = settings.http;
  const adapter = app.getHttpAdapter() as unknown as BoundedExpressAdapter;
  adapter.reportRefusals(app.get(RefusalLog));
  adapter.limitConnections({
    maxConnections,
    maxConnectionsPerAddress,
    isProxy: (address) => isProxy(address, 0),
  });
  app.use(edge(settings.http, app.get(RefusalLog)));
  adapter.routeDirectly(['/mcp', '/message']);
}

/**
 * Stops the application within `delayMs + graceMs`. It reports not ready. With `delayMs` it still serves: first for
 * that time, then while it ends its streams one after the other. Then it refuses new sessions and calls, answers the
 * calls in flight or sends an error for them, ends the streams and closes the connections. Nest's own shutdown would
 * wait for the streams without limit, or cut the calls.
 */
export async function closeHttpApp(app: NestExpressApplication, graceMs: number, delayMs = 0): Promise<void> {
  const closingMs = Math.min(MAX_CLOSING_MS, graceMs * CLOSING_SHARE);
  const server: Server = app.getHttpServer();
  app.get(Readiness).obstruct('shutting_down');
  const drain = app.get(SessionDrain);
  if (delayMs > 0) {
    await serveDuringDelay(server, delayMs);
    await drain.spread(graceMs - closingMs);
    await announceClose(server, Math.min(ANNOUNCE_MS, closingMs));
    server.closeIdleConnections();
  }
  await drain.run(delayMs > 0 ? 0 : graceMs - closingMs);
  const adapter = app.getHttpAdapter() as unknown as BoundedExpressAdapter;
  const cut = setTimeout(() => adapter.closeConnections(), closingMs);
  if (delayMs === 0) await announceClose(server, Math.min(ANNOUNCE_MS, closingMs));
  await app.close();
  clearTimeout(cut);
}

/**
 * Serves while balancers notice that this node is not ready. Each response closes its connection, so that the next
 * request goes to another node.
 */
async function serveDuringDelay(server: Server, ms: number): Promise<void> {
  server.prependListener('request', sendConnectionClose);
  await sleep(ms);
}

function sendConnectionClose(_request: unknown, response: ServerResponse): void {
  response.shouldKeepAlive = false;
}

/**
 * Accepts no new connection, and sends `Connection: close` with the next response on each open one. Without it a client
 * whose connection is closed cannot know whether its last request was processed. RFC 9112, section 9.6.
 */
async function announceClose(server: Server, ms: number): Promise<void> {
  // `http.Server.close` would close the idle connections too.
  NetServer.prototype.close.call(server);
  server.prependListener('request', sendConnectionClose);
  const until = Date.now() + ms;
  while (Date.now() < until && (await connectionsOf(server)) > 0) await sleep(POLL_MS);
}

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}
