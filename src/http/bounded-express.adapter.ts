import { ExpressAdapter } from '@nestjs/platform-express';
import { createServer } from 'node:http';

/** A client that dribbles its request is cut off: 10 s for the headers, 30 s for all of it. */
const LIMITS = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1_000 };

/** Longer than the idle time of common proxies, so that it is they who close a quiet connection. */
const KEEP_ALIVE_MS = 75_000;

/** Express on a `node:http` server whose waiting times are bounded. */
export class BoundedExpressAdapter extends ExpressAdapter {
  override initHttpServer(): void {
    this.httpServer = createServer({ ...LIMITS, keepAliveTimeout: KEEP_ALIVE_MS }, this.getInstance());
  }
}
