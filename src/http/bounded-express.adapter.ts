import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express } from 'express';
import { createServer, IncomingMessage, type RequestListener, ServerResponse } from 'node:http';

/** A client that dribbles its request is cut off: 10 s for the headers, 30 s for all of it. */
const LIMITS = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1_000 };

/** Longer than the idle time of common proxies, so that it is they who close a quiet connection. */
const KEEP_ALIVE_MS = 75_000;

/** Express on a `node:http` server whose waiting times are bounded. */
export class BoundedExpressAdapter extends ExpressAdapter {
  override initHttpServer(): void {
    const app = this.getInstance<Express>();
    const answer: RequestListener = (request, response) =>
      request.url!.startsWith('/') ? app(request, response) : refuseTarget(response);
    this.httpServer = createServer(
      {
        ...LIMITS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        IncomingMessage: bornAs(IncomingMessage, app.request),
        ServerResponse: bornAs(ServerResponse, app.response),
      },
      answer,
    );
    this.httpServer.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      continueWhenRead(request, response);
      answer(request, response);
    });
    // Their 16 KB are bound enough: Node 22 drops what goes beyond a number, and what a proxy adds comes last.
    this.httpServer.maxHeadersCount = 0;
  }
}

/**
 * A target that is no path (`http://host/path`, `*`) counts above the Host header, and where it cannot be
 * read Express's router passes over every middleware. RFC 9112, section 3.2.
 */
function refuseTarget(response: ServerResponse): void {
  const problem = { error: 'invalid_request', error_description: 'The request target must be a path' };
  response.writeHead(400, {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    Connection: 'close',
  });
  response.end(JSON.stringify(problem));
}

/**
 * Sends 100 (Continue) when the body is asked for, which is after the token and the announced length have been looked
 * at. Where the answer comes before that, the connection closes: the client may send the body or not, and what follows
 * could be taken for either. RFC 9110, section 10.1.1.
 */
function continueWhenRead(request: IncomingMessage, response: ServerResponse): void {
  const { shouldKeepAlive } = response;
  response.shouldKeepAlive = false;
  request.once('resume', () => {
    // What is left of a body is read and dropped after the answer.
    if (response.headersSent) return;
    response.shouldKeepAlive = shouldKeepAlive;
    response.writeContinue();
  });
}

/**
 * `base`, whose instances have `prototype` from the start. Express gives each request and response that
 * prototype when it sees them; changing it then throws away what the engine has learnt of their shape, and
 * costs 5 % of a call.
 */
function bornAs<Base extends typeof IncomingMessage | typeof ServerResponse>(
  base: Base,
  prototype: object,
): Base {
  function Born(...args: unknown[]): unknown {
    return Reflect.construct(base, args, Born);
  }
  Born.prototype = prototype;
  return Born as unknown as Base;
}
