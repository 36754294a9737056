import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express, Request, Response } from 'express';
import { createServer, type IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import { type ConnectionLimits, Connections } from './connections.js';
import { DirectRoutes } from './direct-routes.js';
import type { RefusalCode, RefusalLog } from '../audit/index.js';
import { gatheredMessage } from './gathered-body.js';
import { answerMalformed } from './malformed-requests.js';

/** A slow client is disconnected: 10 s for the headers, 30 s for the whole request. */
const LIMITS = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1_000 };

/** Longer than the idle timeout of common proxies, so that the proxy closes an idle connection first. */
const KEEP_ALIVE_MS = 75_000;

/** More than any client and its proxies send. Node keeps about as many and silently drops the rest. */
const MAX_HEADERS = 200;

/** Methods whose requests take no body. */
const BODILESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

/**
 * Express on a `node:http` server that bounds the time and memory of each connection: {@link Connections} and {@link
 * gatheredMessage}.
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
      if (connection.exceeded !== undefined && !url!.startsWith('/health/'))
        return this.refuse(request, response, SURPLUS);
      const isProxied = headers['x-forwarded-for'] !== undefined;
      (request as Addressed).ip = isProxied ? addressByProxies(request) : socket.remoteAddress;
      if (this.routes === undefined) app(request, response);
      else this.routes.handle(request as Request, response as Response);
    };
    this.httpServer = createServer(
      {
        ...LIMITS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        IncomingMessage: Message,
        ServerResponse: Answer,
      },
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

interface Refusal {
  readonly code: RefusalCode;
  readonly status: number;
  readonly error: string;
  readonly description: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A target that is no path (`http://host/path`, `*`) overrides the Host header, and one that cannot be parsed skips
 * every middleware in Express's router. RFC 9112, section 3.2.
 */
const NO_PATH: Refusal = {
  code: 'invalid_target',
  status: 400,
  error: 'invalid_request',
  description: 'The request target must be a path',
};
const MANY_HEADERS: Refusal = {
  code: 'invalid_request',
  status: 431,
  error: 'invalid_request',
  description: `A request may have fewer than ${MAX_HEADERS} headers`,
};
const SURPLUS: Refusal = {
  code: 'too_many_connections',
  status: 503,
  error: 'temporarily_unavailable',
  description: 'Too many connections are open; try again',
  headers: { 'Retry-After': '5' },
};

/** RFC 9112, section 6.3: one of these headers signals a body. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Responds before the application runs, and closes the connection. */
function answerRefused(response: ServerResponse, { status, error, description, headers }: Refusal): void {
  response.writeHead(status, {
    ...headers,
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    Connection: 'close',
  });
  response.end(JSON.stringify({ error, error_description: description }));
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

interface Addressed extends IncomingMessage {
  ip?: string | undefined;
}

/**
 * The classes of an application's requests and responses, with the prototypes that Express otherwise sets on each
 * instance: the change discards the engine's optimisations for their shape, and costs 5 % of a call. A request has its
 * `ip` as a property, where Express computes the whole chain of addresses each time it is read.
 */
function messagesOf(app: Express): {
  readonly Message: typeof IncomingMessage;
  readonly Answer: typeof ServerResponse;
  readonly addressByProxies: (request: IncomingMessage) => string | undefined;
} {
  const ofExpress = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(app.request), 'ip')!;
  const Message = gatheredMessage(app.request);
  Object.defineProperty(Message.prototype, 'ip', { writable: true, value: undefined });
  app.request = Message.prototype as Request;
  class Answer<Asked extends IncomingMessage> extends ServerResponse<Asked> {}
  Object.setPrototypeOf(Answer.prototype, app.response);
  app.response = Answer.prototype as unknown as Response;
  return {
    Message,
    Answer,
    addressByProxies: (request) => ofExpress.get!.call(request) as string | undefined,
  };
}
