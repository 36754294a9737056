import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express, Request, RequestHandler, Response } from 'express';
import { tracingChannel } from 'node:diagnostics_channel';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { type ConnectionLimits, Connections } from './connections.js';
import type { RefusalLog } from '../audit/index.js';
import { PROBES } from './edge.middleware.js';
import { type AddressedMessage, messagesOf } from './gathered-body.js';
import {
  answerMalformed,
  answerRefused,
  MANY_HEADERS,
  MAX_HEADERS,
  NO_PATH,
  type Refusal,
  SURPLUS,
} from './refused-requests.js';

/** A slow client is disconnected: 10 s for the headers, 30 s for the whole request. */
const LIMITS = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1_000 };

/** Longer than the idle timeout of common proxies, so that the proxy closes an idle connection first. */
const KEEP_ALIVE_MS = 75_000;

/** Methods whose requests take no body. */
const BODILESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

/**
 * Express on a `node:http` server that bounds the time and memory of each connection: {@link Connections} and {@link
 * messagesOf}.
 */
export class BoundedExpressAdapter extends ExpressAdapter {
  private connections!: Connections;
  private refusals: RefusalLog | undefined;
  private routes: DirectRoutes | undefined;

  /** Without this call the number of connections is unlimited. */
  limitConnections(limits: ConnectionLimits): void {
    this.connections.limit(limits);
  }

  /** Reports requests that are refused before the application receives them. */
  reportRefusals(refusals: RefusalLog): void {
    this.refusals = refusals;
  }

  /** Calls these POST routes without a search, behind the middleware that is used so far: {@link DirectRoutes}. */
  routeDirectly(paths: readonly string[]): void {
    this.routes = new DirectRoutes(this.getInstance<Express>(), paths);
  }

  /** Closes all connections immediately. */
  closeConnections(): void {
    this.connections.closeAll();
  }

  override initHttpServer(): void {
    const app = this.getInstance<Express>();
    const { Message, Answer, addressByProxies } = messagesOf(app);
    const answer: RequestListener = (request, response) => {
      const connection = this.connections.take(request, response);
      if (connection === undefined) return;
      const { headers, method, rawHeaders, socket, url } = request;
      // The body is not read, so the connection closes with the response.
      if (BODILESS.has(method!) && hasBody(request)) response.shouldKeepAlive = false;
      if (!url!.startsWith('/')) return this.refuse(request, response, NO_PATH);
      if (rawHeaders.length >= 2 * MAX_HEADERS) return this.refuse(request, response, MANY_HEADERS);
      // Also above the limit, for orchestrators.
      if (connection.exceeded !== undefined && !url!.startsWith(PROBES))
        return this.refuse(request, response, SURPLUS);
      const isProxied = headers['x-forwarded-for'] !== undefined;
      (request as AddressedMessage).ip = isProxied ? addressByProxies(request) : socket.remoteAddress;
      if (this.routes === undefined) app(request, response);
      else this.routes.handle(request as Request, response as Response);
    };
    this.httpServer = createServer(
      { ...LIMITS, keepAliveTimeout: KEEP_ALIVE_MS, IncomingMessage: Message, ServerResponse: Answer },
      answer,
    );
    this.httpServer.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      continueWhenRead(request, response);
      answer(request, response);
    });
    answerMalformed(this.httpServer, (ip, status) => {
      this.refusals?.refused({ ip }, { event: 'request.refused', code: 'invalid_request', status });
    });
    this.httpServer.maxHeadersCount = MAX_HEADERS;
    this.connections = new Connections(this.httpServer);
  }

  private refuse(
    { headers, method, socket }: IncomingMessage,
    response: ServerResponse,
    refusal: Refusal,
  ): void {
    const { code, status } = refusal;
    // Not the request target: it may contain a secret.
    const request = { headers, method, ip: socket.remoteAddress };
    this.refusals?.refused(request, { event: 'request.refused', code, status });
    answerRefused(response, refusal);
  }
}

/** A part of Express's router: a middleware, or a route with its handlers. */
interface Layer {
  readonly handle: RequestHandler;
  readonly route?: Route;
  match(path: string): unknown;
}

interface Route {
  readonly stack: readonly Layer[];
  /** `_all`: every method. */
  readonly methods: Readonly<Record<string, boolean>>;
}

/** Express's router reports each handler to this channel while it has a subscriber. */
const TRACING = tracingChannel('express.router.request');

interface DirectRoute {
  readonly route: Route;
  readonly handle: RequestHandler;
}

/**
 * Calls the handlers of the busiest routes without the search of Express's router, which is a tenth of the CPU of a
 * call (docs/decisions/0017). Handlers get request and response as from Express. Where a further middleware applies to
 * such a route, or Express is traced, Express handles it.
 */
export class DirectRoutes {
  /** Of Express's router: it grows with each route and middleware. */
  private readonly stack: readonly Layer[];
  /** The middleware that runs before every route: all that the application has registered so far. */
  private readonly ahead: readonly Layer[];
  private routes: ReadonlyMap<string, DirectRoute> = new Map();
  private layers = 0;

  /** `paths`: of POST routes whose handlers do not call `next`. */
  constructor(
    private readonly app: Express,
    private readonly paths: readonly string[],
  ) {
    this.stack = (app.router as unknown as { readonly stack: readonly Layer[] }).stack;
    this.ahead = [...this.stack];
  }

  /** Handles a request; passes one for another route to Express. */
  handle(request: Request, response: Response): void {
    const { url } = request;
    if (this.stack.length !== this.layers) this.find();
    const query = url.indexOf('?');
    const direct = this.routes.get(query === -1 ? url : url.slice(0, query));
    if (direct === undefined || request.method !== 'POST' || TRACING.hasSubscribers) {
      return void this.app(request, response);
    }
    const { ahead } = this;
    let at = 0;
    const next = (error?: unknown): void => {
      const layer = ahead[at++];
      // An error, or a route that passes the request on after all.
      if (error !== undefined || at > ahead.length + 1) return void this.app(request, response);
      if (layer !== undefined) return void layer.handle(request, response, next);
      request.route = direct.route;
      request.params = {};
      void direct.handle(request, response, next);
    };
    // As Express and its router set them.
    request.res = response;
    response.req = request;
    response.locals = Object.create(null) as Response['locals'];
    request.next = next;
    request.baseUrl = '';
    request.originalUrl = url;
    try {
      next();
    } catch {
      // Express gets the same error, and responds to it.
      this.app(request, response);
    }
  }

  private find(): void {
    const { ahead, stack } = this;
    this.layers = stack.length;
    const found = this.paths.flatMap((path): [string, DirectRoute][] => {
      const layers = stack.filter((layer) => applies(layer, path));
      const route = layers[ahead.length]?.route;
      const isDirect = route?.stack.length === 1 && ahead.every((layer, nth) => layer === layers[nth]);
      return isDirect ? [[path, { route, handle: route.stack[0]!.handle }]] : [];
    });
    this.routes = new Map(found);
  }
}

/** Whether Express would call it for a POST to this path. Handlers with four parameters are for errors. */
function applies(layer: Layer, path: string): boolean {
  const { handle, route } = layer;
  if (handle.length > 3) return false;
  if (route !== undefined && !('post' in route.methods) && !('_all' in route.methods)) return false;
  return Boolean(layer.match(path));
}

/** RFC 9112, section 6.3: one of these headers signals a body. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * Sends 100 (Continue) when the body is read, after the token and the announced length are checked. Where the final
 * response comes first, the connection closes: the client may or may not send the body, so the next bytes would be
 * ambiguous. RFC 9110, section 10.1.1.
 */
function continueWhenRead(request: IncomingMessage, response: ServerResponse): void {
  const { shouldKeepAlive } = response;
  response.shouldKeepAlive = false;
  request.once('resume', () => {
    // The rest of a body is read and dropped after the response.
    if (response.headersSent) return;
    response.shouldKeepAlive = shouldKeepAlive;
    response.writeContinue();
  });
}
