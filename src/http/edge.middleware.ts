import { Logger } from '@nestjs/common';
import cors from 'cors';
import type { Express, NextFunction, Request, RequestHandler, Response } from 'express';
import type { RefusalLog } from '../audit/index.js';
import type { HttpSettings } from '../config/index.js';
import { type EdgeRefusal, HostOriginPolicy } from './host-origin.policy.js';

/** Orchestrators probe by address instead of the server's host name. Browsers do not need these routes. */
const PROBES = '/health/';

const DESCRIPTIONS: Record<EdgeRefusal, string> = {
  invalid_host: 'The Host header names a server that this one is not; see ALLOWED_HOSTS',
  invalid_origin: 'Pages of this origin may not call this server; see ALLOWED_ORIGINS',
};

/** Request headers allowed to browsers; credentials are sent in `Authorization`. */
const SENDABLE = [
  'Authorization',
  'Content-Type',
  'Last-Event-ID',
  'Mcp-Method',
  'Mcp-Name',
  'Mcp-Protocol-Version',
  'Mcp-Session-Id',
];

/** Tool arguments that clients repeat as headers. A pattern, since a list would depend on the tools. */
const PARAM_HEADER = /^mcp-param-[\w!#$%&'*+.^`|~-]+$/i;

/** Response headers that browsers may read. */
const READABLE = ['Mcp-Session-Id', 'RateLimit', 'RateLimit-Policy', 'Retry-After', 'WWW-Authenticate'];

/**
 * The first middleware. Responds 403 to a `Host` or `Origin` that is not allowed, before anything else reads them, and
 * adds CORS headers for an allowed origin.
 */
export function edge(settings: HttpSettings, refusals: RefusalLog): RequestHandler {
  const policy = new HostOriginPolicy(settings);
  const proxies = new UnlistedProxyNotice();
  const options: cors.CorsOptions = {
    origin: true,
    methods: ['GET', 'POST', 'DELETE', ...settings.cors.methods],
    exposedHeaders: [...READABLE, ...settings.cors.exposedHeaders],
    maxAge: 600,
  };
  const sendable = [...SENDABLE, ...settings.cors.headers];
  const crossOrigin = cors<Request>((request, decide) => {
    decide(null, { ...options, allowedHeaders: [...sendable, ...paramHeadersAskedFor(request)] });
  });
  return (request: Request, response: Response, next: NextFunction): void => {
    // Responses to POST are never run or displayed by a browser as another type.
    if (request.method !== 'POST') response.setHeader('X-Content-Type-Options', 'nosniff');
    if (request.url.startsWith(PROBES)) return next();
    proxies.look(request);
    const refusal = policy.refusalOf(request);
    if (refusal !== undefined) {
      // Not the request target: it may contain a secret sent to the wrong server.
      const { headers, ip, method } = request;
      refusals.refused({ headers, ip, method }, { event: 'request.refused', code: refusal, status: 403 });
      response.status(403).set('Cache-Control', 'no-store');
      response.json({ error: refusal, error_description: DESCRIPTIONS[refusal] });
    } else if (request.headers.origin === undefined) next();
    else crossOrigin(request, response, next);
  };
}

/** The tool argument headers that a preflight request names. */
function paramHeadersAskedFor({ headers }: Request): string[] {
  const asked = (headers['access-control-request-headers'] ?? '').split(',');
  return asked.map((name) => name.trim()).filter((name) => PARAM_HEADER.test(name));
}

/**
 * Makes `request.ip` look for proxies only where a request names one. Express computes the whole chain of addresses
 * each time it is read, several times per call.
 */
export function quickAddress(prototype: Express['request']): void {
  const ofExpress = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(prototype), 'ip')!;
  Object.defineProperty(prototype, 'ip', {
    configurable: true,
    enumerable: true,
    get(this: Request): string | undefined {
      if (this.headers['x-forwarded-for'] === undefined) return this.socket.remoteAddress;
      return ofExpress.get!.call(this) as string | undefined;
    },
  });
}

/** Express's compiled `TRUSTED_PROXIES`. */
type IsTrusted = (address: string, hop: number) => boolean;

/**
 * Warns once when `X-Forwarded-For` comes from an address that `TRUSTED_PROXIES` does not list. Behind such a proxy all
 * clients have one address and share the limits per address.
 */
class UnlistedProxyNotice {
  private readonly logger = new Logger('Http');
  private given = false;

  look({ app, headers, socket }: Request): void {
    if (this.given || headers['x-forwarded-for'] === undefined) return;
    const peer = socket.remoteAddress ?? '';
    if ((app.get('trust proxy fn') as IsTrusted)(peer, 0)) return;
    this.given = true;
    const reason =
      'X-Forwarded-For from this address is ignored: list it in TRUSTED_PROXIES if it is a proxy';
    this.logger.warn({ event: 'http.proxy_not_trusted', peer, reason });
  }
}
