import { Logger } from '@nestjs/common';
import cors from 'cors';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { HttpSettings } from '../config/index.js';
import { type EdgeRefusal, HostOriginPolicy } from './host-origin.policy.js';

/** Orchestrators probe by address, whatever name the server goes by. Pages have no business there. */
const PROBES = '/health/';

const DESCRIPTIONS: Record<EdgeRefusal, string> = {
  invalid_host: 'The Host header names a server that this one is not; see ALLOWED_HOSTS',
  invalid_origin: 'Pages of this origin may not call this server; see ALLOWED_ORIGINS',
};

/** Headers that the clients' scripts may send and read; the credentials travel in `Authorization`. */
const CORS: cors.CorsOptions = {
  origin: true,
  methods: ['GET', 'POST', 'DELETE'],
  allowedHeaders: [
    'Authorization',
    'Content-Type',
    'Last-Event-ID',
    'Mcp-Protocol-Version',
    'Mcp-Session-Id',
  ],
  exposedHeaders: ['Mcp-Session-Id', 'RateLimit', 'RateLimit-Policy', 'Retry-After', 'WWW-Authenticate'],
  maxAge: 600,
};

/**
 * The first thing that sees a request. Answers 403 to a `Host` or `Origin` that is not on its list, before
 * anything else reads them, and adds CORS headers for an origin that is.
 */
export function edge(settings: HttpSettings): RequestHandler {
  const logger = new Logger('Http');
  const policy = new HostOriginPolicy(settings);
  const crossOrigin = cors(CORS);
  return (request: Request, response: Response, next: NextFunction): void => {
    // What a page asks for by POST is never run or shown as something else than it says.
    if (request.method !== 'POST') response.setHeader('X-Content-Type-Options', 'nosniff');
    if (request.url.startsWith(PROBES)) return next();
    const refusal = policy.refusalOf(request);
    if (refusal !== undefined) {
      logger.warn({
        event: 'request.refused',
        method: request.method,
        status: 403,
        reason: refusal,
        ip: request.ip,
      });
      response.status(403).json({ error: refusal, error_description: DESCRIPTIONS[refusal] });
    } else if (request.headers.origin === undefined) next();
    else crossOrigin(request, response, next);
  };
}
