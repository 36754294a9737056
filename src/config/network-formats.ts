import { BlockList, isIP, isIPv6 } from 'node:net';
import { z } from 'zod';
import { isLoopbackHost } from './loopback.js';

const NAME = /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/i;
// The resolver reads a name whose last label is a number as an IPv4 address.
const NUMERIC_END = /(^|\.)\d+$/;
const AUTHORITY = /^(\[.+\]|[^:[\]]+)(?::(\d{1,5}))?$/;

/** IPv4-mapped IPv6 addresses: RFC 4291, section 2.5.5.2. */
const FIRST_MAPPED = '::ffff:0.0.0.0';
const MAPPED = new BlockList();
MAPPED.addSubnet(FIRST_MAPPED, 96, 'ipv6');

function isHost(host: string): boolean {
  return isIP(host) !== 0 || (NAME.test(host) && !NUMERIC_END.test(host));
}

function isAuthority(text: string): boolean {
  const [, host = '', port = '0'] = AUTHORITY.exec(text) ?? [];
  const known = host.startsWith('[') ? isIPv6(host.slice(1, -1)) : isHost(host);
  return known && Number(port) <= 65_535;
}

function isOrigin(text: string): boolean {
  const [, scheme, authority = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.+)$/.exec(text) ?? [];
  if (!isAuthority(authority)) return false;
  const isWeb = scheme === 'http' || scheme === 'https';
  return !isWeb || URL.parse(text)?.origin === text;
}

function isProxy(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || rest.length > 0) return false;
  if (prefix === undefined) return true;
  if (!/^[1-9]\d{0,2}$/.test(prefix)) return false;
  return family === 4 ? isWithin(Number(prefix), 8, 32) : isNarrow(address, Number(prefix));
}

/** No wider than the widest private range, fc00::/7; IPv4-mapped ranges such as ::ffff:10.0.0.1 accordingly. */
function isNarrow(address: string, prefix: number): boolean {
  if (!isWithin(prefix, 7, 128)) return false;
  const range = new BlockList();
  range.addSubnet(address, prefix, 'ipv6');
  const holdsIPv4 = range.check(FIRST_MAPPED, 'ipv6') || MAPPED.check(address, 'ipv6');
  return !holdsIPv4 || prefix >= 96 + 8;
}

function isWithin(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}

/** An address or a name to listen on. */
export const listenHost = z.string().refine(isHost, 'must be an IP address or a host name, without a port');

/** One entry of a Host allowlist, as the header spells it. */
export const allowedHost = z
  .string()
  .refine((text) => !text.includes('*'), {
    error: 'must name each host exactly, `*` is refused',
    abort: true,
  })
  .refine(isAuthority, 'must be host or host:port, IPv6 in brackets')
  .transform((text) => text.toLowerCase());

/** One entry of an Origin allowlist (RFC 6454, section 6.2), as browsers spell it. */
export const allowedOrigin = z
  .string()
  .refine((text) => !text.includes('*'), {
    error: 'must name each origin exactly, `*` is refused',
    abort: true,
  })
  .refine(
    isOrigin,
    'must be exactly scheme://host[:port], in lower case, without a path or the default port',
  );

/** RFC 9110, section 9.1; `*` would allow every method. */
export const method = z
  .string()
  .regex(/^[A-Za-z]{1,32}$/, 'must be methods such as PUT, and not `*`')
  .transform((text) => text.toUpperCase());

/** RFC 9110, section 5.1; `*` would allow every header. */
export const headerName = z
  .string()
  .regex(/^(?!\*$)[\w!#$%&'*+.^`|~-]{1,128}$/, 'must be names of headers, and not `*`');

/** One proxy; a range of all addresses, or of half of them, would be a wildcard. */
export const trustedProxy = z
  .string()
  .refine(isProxy, 'must be an IP address or a CIDR range such as 10.0.0.0/8, and none that is wider');

/** An http or https base URL; becomes origin and path without a trailing slash. */
export const publicUrl = z
  .string()
  .refine((text) => /^https?:\/\/[^*]+$/i.test(text) && URL.canParse(text), {
    error: 'must be an absolute https:// or http:// URL, and not a wildcard',
    abort: true,
  })
  .refine((text) => !/[?#]/.test(text), 'must have no query and no fragment')
  .refine((text) => !/^[^/]+\/\/[^/\\?#]*@/.test(text), 'must have no user name or password')
  .transform(withoutTrailingSlash);

export const productionPublicUrl = publicUrl.refine(
  (text) => text.startsWith('https:') || isLoopbackHost(new URL(text).hostname),
  'must be https in production (http only for a loopback host)',
);

const SENTINELS = /^rediss?\+sentinel:\/\/(?:[^@/]*@)?([^/@]+)\/[^/?#]+$/i;

/**
 * A Redis URL, returned unchanged. The path may name a database by its number; with `+sentinel`, hosts are those of
 * sentinels, and the path is the name by which they know the primary.
 */
export const redisUrl = z.string().refine((text) => {
  const hosts = SENTINELS.exec(text)?.[1];
  if (hosts !== undefined) return hosts.split(',').every(isSentinel);
  const url = URL.parse(text);
  if (url === null || !/^rediss?:\/\//i.test(text)) return false;
  return url.hostname !== '' && /^(\/\d{0,3})?$/.test(url.pathname) && url.search === '' && url.hash === '';
}, 'must be redis:// or rediss:// with a host, such as rediss://user:password@host:6379, and at most the number of a database; or redis+sentinel://host:26379,host:26379/name');

function isSentinel(text: string): boolean {
  const url = URL.parse(`redis://${text}`);
  return url !== null && url.hostname !== '' && url.pathname === '';
}

/** Braces would change the shard of a key. */
export const redisPrefix = z
  .string()
  .regex(/^[a-z0-9][a-z0-9:._-]{0,63}$/i, 'must be 1 to 64 letters, digits and : . _ -');

function withoutTrailingSlash(text: string): string {
  const { origin, pathname } = new URL(text);
  return origin + pathname.replace(/\/+$/, '');
}

/** The path of a URL, without a slash at its end: '' at the root of an origin. */
export function basePathOf(url: string): string {
  return new URL(url).pathname.replace(/\/$/, '');
}
