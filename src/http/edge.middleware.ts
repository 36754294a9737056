import { Logger } from '@nestjs/common';
import cors from 'cors';
import type { Express, NextFunction, Request, RequestHandler, Response } from 'express';
import type { RefusalLog } from '../audit/index.js';
import type { HttpSettings } from '../config/index.js';
import { type EdgeRefusal, HostOriginPolicy } from './host-origin.policy.js';

/** Orchestrators probe by address, whatever name the server goes by. Pages have no business there. */
const PROBES = '/health/';

const DESCRIPTIONS: Record<EdgeRefusal, string> = {
  invalid_host: 'The Host header names a server that this one is not; see ALLOWED_HOSTS',
  invalid_origin: 'Pages of this origin may not call this server; see ALLOWED_ORIGINS',
};

/** Headers that the clients' scripts may send; the credentials travel in `Authorization`. */
const SENDABLE = [
  'Authorization',
  'Content-Type',
  'Last-Event-ID',
  'Mcp-Method',
  'Mcp-Name',
  'Mcp-Protocol-Version',
  'Mcp-Session-Id',
];

/** The arguments of tools that clients repeat as headers: a list of them would depend on the tools. */
const PARAM_HEADER = /^mcp-param-[\w!#$%&'*+.^`|~-]+$/i;

const CORS: cors.CorsOptions = {
  origin: true,
  methods: ['GET', 'POST', 'DELETE'],
  exposedHeaders: ['Mcp-Session-Id', 'RateLimit', 'RateLimit-Policy', 'Retry-After', 'WWW-Authenticate'],
  maxAge: 600,
};

/**
 * The first thing that sees a request. Answers 403 to a `Host` or `Origin` that is not on its list, before
 * anything else reads them, and adds CORS headers for an origin that is.
 */
export function edge(settings: HttpSettings, refusals: RefusalLog): RequestHandler {
  const policy = new HostOriginPolicy(settings);
  const proxies = new UnlistedProxyNotice();
  const crossOrigin = cors<Request>((request, decide) => {
    decide(null, { ...CORS, allowedHeaders: [...SENDABLE, ...paramHeadersAskedFor(request)] });
  });
  return (request: Request, response: Response, next: NextFunction): void => {
    // What a page asks for by POST is never run or shown as something else than it says.
    if (request.method !== 'POST') response.setHeader('X-Content-Type-Options', 'nosniff');
    if (request.url.startsWith(PROBES)) return next();
    proxies.look(request);
    const refusal = policy.refusalOf(request);
    if (refusal !== undefined) {
      // The target may be anything, also a secret that was sent to the wrong server.
      const { headers, ip, method } = request;
      refusals.refused({ headers, ip, method }, { event: 'request.refused', code: refusal, status: 403 });
      response.status(403).set('Cache-Control', 'no-store');
      response.json({ error: refusal, error_description: DESCRIPTIONS[refusal] });
    } else if (request.headers.origin === undefined) next();
    else crossOrigin(request, response, next);
  };
}

/** Of the headers that a preflight asks for, those that repeat a tool's arguments. */
function paramHeadersAskedFor({ headers }: Request): string[] {
  const asked = (headers['access-control-request-headers'] ?? '').split(',');
  return asked.map((name) => name.trim()).filter((name) => PARAM_HEADER.test(name));
}

/**
 * Has `request.ip` look for proxies only where a request names one. Express collects the whole chain of addresses each
 * time that it is asked, several times for a call.
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

/** Express's own reading of `TRUSTED_PROXIES`. */
type IsTrusted = (address: string, hop: number) => boolean;

/**
 * Warns once when `X-Forwarded-For` arrives from an address that `TRUSTED_PROXIES` does not list. Behind such a proxy all
 * clients have one address, and share what is limited by address.
 */
export class UnlistedProxyNotice {
  private readonly logger = new Logger('Http');
  private given = false;

  look({ app, headers, socket }: Request): void {
    if (this.given || headers['x-forwarded-for'] === undefined) return;
    const peer = socket.remoteAddress ?? '';
    if ((app.get('trust proxy fn') as IsTrusted)(peer, 0)) return;
    this.given = true;
    const reason =
      'X-Forwarded-For does not count from here: list the address in TRUSTED_PROXIES if a proxy has it';
    this.logger.warn({ event: 'http.proxy_not_trusted', peer, reason });
  }
}
