import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The number of IPv6 groups that form a /64, the smallest network of one customer. */
const NETWORK_GROUPS = 4;

/**
 * The network that failures and turns are counted for: an IPv4 address itself, also in its IPv6 form; the /64 of any
 * other IPv6 address. Anything else that a proxy passes on counts as one client.
 */
export function clientNetworkOf(address = ''): string {
  const bare = withoutPort(address);
  if (isIP(bare) === 0) return 'unknown';
  const parsed = ipaddr.process(bare);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  const groups = parsed.parts.slice(0, NETWORK_GROUPS).map((group) => group.toString(16));
  return `${groups.join(':')}::/64`;
}

/** Some proxies append the client's port. */
function withoutPort(address: string): string {
  return /^\[(.+)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address;
}
