import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';
import ipaddr from 'ipaddr.js';

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
/** Columns from the state of a connection to its user, proc_pid_net(5). */
const STATE_TO_UID = 4;

/** The user of the program at the other end of a local connection. `unknown`: the system does not tell. */
export type PeerUser = 'same' | 'other' | 'unknown';

type Ends = Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>;

/**
 * Whether the same user runs the program at the other end of a loopback connection. Linux lists both ends with their
 * user; on other systems it is unknown. This recognises a proxy that runs as another user, as system services do.
 */
export async function peerUserOf(ends: Ends): Promise<PeerUser> {
  const uid = process.getuid?.();
  if (process.platform !== 'linux' || uid === undefined) return 'unknown';
  const client = formsOf(ends.remoteAddress, ends.remotePort);
  const server = formsOf(ends.localAddress, ends.localPort);
  let [clientUid, serverUid]: (string | undefined)[] = [];
  for (const path of TABLES) {
    if (clientUid !== undefined && serverUid !== undefined) break;
    const table = await readFile(path, 'latin1').catch(() => '');
    clientUid ??= uidIn(table, client, server);
    serverUid ??= uidIn(table, server, client);
  }
  // If the tables do not list this end, they are incomplete and prove nothing.
  if (serverUid === undefined) return 'unknown';
  return clientUid === String(uid) ? 'same' : 'other';
}

/** The user of the connection between two ends. Searches the text directly: a busy machine has many thousand rows. */
function uidIn(table: string, local: readonly string[], remote: readonly string[]): string | undefined {
  for (const [index, form] of local.entries()) {
    const ends = ` ${form} ${remote[index]} `;
    const at = table.indexOf(ends);
    if (at < 0) continue;
    const [line = ''] = table.slice(at + ends.length).split('\n', 1);
    return line.split(/\s+/)[STATE_TO_UID];
  }
  return undefined;
}

/** An end of a connection in the table's notation; IPv4 is listed as IPv6 where a socket accepts both. */
function formsOf(text = '', port = 0): readonly string[] {
  if (!ipaddr.isValid(text)) return [];
  const address = ipaddr.process(text);
  const forms = address instanceof ipaddr.IPv4 ? [address, address.toIPv4MappedAddress()] : [address];
  return forms.map((form) => `${wordsOf(form.toByteArray())}:${hex(Buffer.of(port >> 8, port & 0xff))}`);
}

/** The address as 32-bit words in native byte order. */
function wordsOf(address: number[]): string {
  const bytes = Buffer.from(address);
  return hex(endianness() === 'LE' ? bytes.swap32() : bytes);
}

const hex = (bytes: Buffer): string => bytes.toString('hex').toUpperCase();
