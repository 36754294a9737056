import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The groups of an IPv6 address that name its /64: what one customer has at the least, and all of it. */
const NETWORK_GROUPS = 4;

/**
 * Whom an address stands for: an IPv4 address for itself, also where it is written as IPv6; any other IPv6
 * address for its /64. Whatever else a proxy may have passed on is one and the same client.
 */
export function clientNetworkOf(address = ''): string {
  const bare = withoutPort(address);
  if (isIP(bare) === 0) return 'unknown';
  const parsed = ipaddr.process(bare);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  const groups = parsed.parts.slice(0, NETWORK_GROUPS).map((group) => group.toString(16));
  return `${groups.join(':')}::/64`;
}

/** Some proxies write the client's port behind its address. */
function withoutPort(address: string): string {
  return /^\[(.+)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address;
}
