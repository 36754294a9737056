import { Logger } from '@nestjs/common';
import cors from 'cors';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { IncomingMessage } from 'node:http';
import type { RefusalLog } from '../audit/index.js';
import { type HttpSettings, isLoopbackHost } from '../config/index.js';

/** Orchestrators probe by address instead of the server's host name. Browsers do not need these routes. */
export const PROBES = '/health/';

/** The header for which a request is refused. */
type EdgeRefusal = 'invalid_host' | 'invalid_origin';

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
    if (request.headers['x-forwarded-for'] !== undefined) proxies.look(request);
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

/** Express's compiled `TRUSTED_PROXIES`. */
type IsTrusted = (address: string, hop: number) => boolean;

/**
 * Warns once when `X-Forwarded-For` comes from an address that `TRUSTED_PROXIES` does not list. Behind such a proxy all
 * clients have one address and share the limits per address.
 */
class UnlistedProxyNotice {
  private readonly logger = new Logger('Http');
  private given = false;

  look({ app, socket }: Request): void {
    if (this.given) return;
    const peer = socket.remoteAddress ?? '';
    if ((app.get('trust proxy fn') as IsTrusted)(peer, 0)) return;
    this.given = true;
    const reason =
      'X-Forwarded-For from this address is ignored: list it in TRUSTED_PROXIES if it is a proxy';
    this.logger.warn({ event: 'http.proxy_not_trusted', peer, reason });
  }
}

/** Checks `Host` and `Origin` of a request, against DNS rebinding. MCP 2025-11-25, Transports, "Security Warning". */
class HostOriginPolicy {
  private readonly hosts: ReadonlySet<string>;
  private readonly origins: ReadonlySet<string>;
  private readonly allowsLoopbackHosts: boolean;
  private readonly allowsLoopbackOrigins: boolean;

  constructor({ allowedHosts, allowedOrigins, publicUrl }: HttpSettings) {
    const { host, hostname, protocol, origin } = new URL(publicUrl);
    this.allowsLoopbackHosts = allowedHosts === 'loopback';
    this.allowsLoopbackOrigins = allowedOrigins === 'loopback';
    // In development some tunnels send the default port too; other lists are exact.
    const others =
      allowedHosts === 'loopback' ? [`${host}:${protocol === 'https:' ? 443 : 80}`] : allowedHosts;
    // The public one with and without its port, as proxies write it.
    this.hosts = new Set([host, hostname, ...others]);
    this.origins = new Set(allowedOrigins === 'loopback' ? [origin] : allowedOrigins);
  }

  refusalOf({ headers, rawHeaders }: IncomingMessage): EdgeRefusal | undefined {
    let host: string | undefined;
    // Not `headers`, which silently keeps the first of two.
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = rawHeaders[at]!;
      if (name.length !== 4 || name.toLowerCase() !== 'host') continue;
      if (host !== undefined) return 'invalid_host';
      host = rawHeaders[at + 1]!.toLowerCase();
    }
    if (host === undefined) return 'invalid_host';
    const isHost = this.hosts.has(host) || (this.allowsLoopbackHosts && isLoopbackAuthority(host));
    if (!isHost) return 'invalid_host';
    const { origin } = headers;
    if (origin === undefined || this.origins.has(origin)) return undefined;
    return this.allowsLoopbackOrigins && isLoopbackOrigin(origin) ? undefined : 'invalid_origin';
  }
}

function isLoopbackOrigin(origin: string): boolean {
  const authority = /^https?:\/\/([^/?#@]+)$/.exec(origin)?.[1];
  return authority !== undefined && isLoopbackAuthority(authority);
}

function isLoopbackAuthority(authority: string): boolean {
  const host = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/i.exec(authority)?.[1];
  return host !== undefined && isLoopbackHost(host);
}
