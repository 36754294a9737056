import type { Express, Request, RequestHandler, Response } from 'express';
import { tracingChannel } from 'node:diagnostics_channel';

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
