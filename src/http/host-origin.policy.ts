import type { IncomingMessage } from 'node:http';
import { type HttpSettings, isLoopbackHost } from '../config/index.js';

/** The header for which a request is refused. */
export type EdgeRefusal = 'invalid_host' | 'invalid_origin';

/** Checks `Host` and `Origin` of a request, against DNS rebinding. MCP 2025-11-25, Transports, "Security Warning". */
export class HostOriginPolicy {
  private readonly hosts: ReadonlySet<string> | 'loopback';
  private readonly origins: ReadonlySet<string> | 'loopback';

  /** Host of the public URL, with and without its default port, as proxies write it. */
  private readonly publicHosts: Set<string>;
  private readonly publicOrigin: string;

  constructor({ allowedHosts, allowedOrigins, publicUrl }: HttpSettings) {
    const { host, hostname, protocol, origin } = new URL(publicUrl);
    this.publicHosts = new Set([host, hostname]);
    // In development some tunnels send the default port too; other lists are exact.
    if (allowedHosts === 'loopback') this.publicHosts.add(`${host}:${protocol === 'https:' ? 443 : 80}`);
    this.publicOrigin = origin;
    this.hosts = allowedHosts === 'loopback' ? 'loopback' : new Set(allowedHosts);
    this.origins = allowedOrigins === 'loopback' ? 'loopback' : new Set(allowedOrigins);
  }

  refusalOf(request: IncomingMessage): EdgeRefusal | undefined {
    const host = onlyHost(request.rawHeaders);
    if (host === undefined || !this.allowsHost(host.toLowerCase())) return 'invalid_host';
    const { origin } = request.headers;
    if (origin !== undefined && !this.allowsOrigin(origin)) return 'invalid_origin';
    return undefined;
  }

  private allowsHost(host: string): boolean {
    if (this.publicHosts.has(host)) return true;
    if (this.hosts !== 'loopback') return this.hosts.has(host);
    return isLoopbackAuthority(host);
  }

  private allowsOrigin(origin: string): boolean {
    if (this.origins !== 'loopback') return this.origins.has(origin);
    if (origin === this.publicOrigin) return true;
    const authority = /^https?:\/\/([^/?#@]+)$/.exec(origin)?.[1];
    return authority !== undefined && isLoopbackAuthority(authority);
  }
}

/** The Host header, if there is exactly one. `headers` silently keeps the first of two. */
function onlyHost(rawHeaders: readonly string[]): string | undefined {
  let host: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue;
    if (host !== undefined) return undefined;
    host = rawHeaders[at + 1];
  }
  return host;
}

function isLoopbackAuthority(authority: string): boolean {
  const host = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/i.exec(authority)?.[1];
  return host !== undefined && isLoopbackHost(host);
}
