import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';
import ipaddr from 'ipaddr.js';

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
/** Columns of the tables, by proc_pid_net(5). */
const LOCAL = 1;
const REMOTE = 2;
const UID = 7;

/** Who runs the program at the other end of a connection within this machine. `unknown`: the system does not say. */
export type PeerUser = 'same' | 'other' | 'unknown';

type Ends = Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>;

/**
 * Whether the user of this process runs the program at the other end of a loopback connection as well. Linux lists both
 * ends of it with their user; elsewhere it is unknown. A proxy that runs as another user, as those that a system starts do,
 * is told from the developer's own programs by it, whatever it forwards.
 */
export async function peerUserOf(ends: Ends): Promise<PeerUser> {
  const uid = process.getuid?.();
  const [client, server] = [
    endOf(ends.remoteAddress, ends.remotePort),
    endOf(ends.localAddress, ends.localPort),
  ];
  if (process.platform !== 'linux' || uid === undefined) return 'unknown';
  const rows = (await Promise.all(TABLES.map(readTable))).flat();
  const uidOf = (from: string, to: string): string | undefined =>
    rows.find((row) => row[LOCAL] === from && row[REMOTE] === to)?.[UID];
  // Where not even our own end is listed, the table tells nothing.
  if (uidOf(server, client) === undefined) return 'unknown';
  return uidOf(client, server) === String(uid) ? 'same' : 'other';
}

const endOf = (address = '', port = 0): string => `${plain(address)} ${port}`;

/** An IPv4 address as such, also where it is written as IPv6. */
function plain(address: string): string {
  return ipaddr.isValid(address) ? ipaddr.process(address).toString() : address;
}

async function readTable(path: string): Promise<string[][]> {
  const text = await readFile(path, 'latin1').catch(() => '');
  const [, ...lines] = text.trimEnd().split('\n');
  return lines.map((line) => {
    const row = line.trim().split(/\s+/);
    for (const column of [LOCAL, REMOTE]) row[column] = readEnd(row[column] ?? '');
    return row;
  });
}

/** `0100007F:0BB9`: the address as 32-bit words in the machine's own byte order, and the port. */
function readEnd(text: string): string {
  const [address = '', port = ''] = text.split(':');
  const bytes = Buffer.from(address, 'hex');
  if (bytes.length !== 4 && bytes.length !== 16) return '';
  if (endianness() === 'LE') bytes.swap32();
  return endOf(ipaddr.fromByteArray([...bytes]).toString(), Number.parseInt(port, 16));
}
