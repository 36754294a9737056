import type { RedisOptions } from 'ioredis';

/** `redis+sentinel://user:password@host:port,host:port/name` and the same with `rediss`. */
const SENTINELS = /^(rediss?)\+sentinel:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/@]+)\/([^/?#]+)$/i;
const SENTINEL_PORT = 26_379;

/** The address of the server. */
export interface RedisAddress {
  readonly options: RedisOptions;
  readonly hosts: readonly string[];
  readonly isEncrypted: boolean;
}

/** Reads a valid `REDIS_URL`. User and password are those of Redis; connections to sentinels use none. */
export function addressOf(url: string): RedisAddress {
  const [, scheme, username, password, list, name] = SENTINELS.exec(url) ?? [];
  if (list === undefined) return ofServer(new URL(url));
  const isEncrypted = scheme!.toLowerCase() === 'rediss';
  const sentinels = list.split(',').map((text) => {
    const { hostname, port } = new URL(`redis://${text}`);
    return { host: bare(hostname), port: port === '' ? SENTINEL_PORT : Number(port) };
  });
  return {
    options: {
      sentinels,
      name: decodeURIComponent(name!),
      ...credentials(username, password),
      ...(isEncrypted ? { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
    },
    hosts: sentinels.map(({ host }) => host),
    isEncrypted,
  };
}

function ofServer({ protocol, hostname, port, username, password, pathname }: URL): RedisAddress {
  const isEncrypted = protocol === 'rediss:';
  return {
    options: {
      host: bare(hostname),
      ...(port === '' ? {} : { port: Number(port) }),
      ...credentials(username, password),
      ...(pathname.length > 1 ? { db: Number(pathname.slice(1)) } : {}),
      ...(isEncrypted ? { tls: {} } : {}),
    },
    hosts: [bare(hostname)],
    isEncrypted,
  };
}

function credentials(username = '', password = ''): RedisOptions {
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
  };
}

/** Without the brackets of an IPv6 address. */
function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
