import type { Fields } from '../../backplane/index.js';
import { type Principal, principalOf } from '../authorization/principal.js';
import type { ClientCapabilities, Implementation, LoggingLevel } from '../messages/sdk-types.js';
import type { SessionTransport } from './peer.js';

/** The shared state of a session: what another node needs to serve it. Times are milliseconds since the epoch. */
export interface SessionRecord {
  /** The key of the principal that opened the session. */
  readonly owner: string;
  readonly transport: SessionTransport;
  readonly openedAt: number;
  /** Undefined: not initialized. */
  readonly protocolVersion: string | undefined;
  readonly client: Implementation | undefined;
  readonly clientCapabilities: ClientCapabilities;
  readonly logLevel: LoggingLevel;
  readonly subscriptions: readonly string[];
  /** Claims of the newest token that the client has sent. Never the token itself. */
  readonly token: Principal;
  /** The node of the stream of a session over `/sse`; on `/mcp` the node for which the session counts. */
  readonly node?: string | undefined;
  /** How often a session on `/mcp` has begun to count for another node. */
  readonly moves?: number | undefined;
}

/** Version of the fields. Nodes of the version before can read them. */
const FORMAT = '1';
/** The fields of the token are written separately: only a newer token replaces them. */
export const TOKEN = 'tok';
export const TOKEN_ISSUED_AT = 'iat';
/** Written together: of several nodes that replace a node that is gone, one succeeds. */
export const NODE = 'n';
export const MOVES = 'm';
const SUBSCRIPTION = 's:';

/** The key of the record of a session. */
export function keyOf(id: string): string {
  return `session:${id}`;
}

/** One field for each value that changes by itself, so that two nodes can change two of them at the same time. */
export function fieldsOf(record: SessionRecord): Fields {
  const { owner, transport, openedAt, protocolVersion, client, clientCapabilities, logLevel } = record;
  const fields: Record<string, string> = {
    f: FORMAT,
    o: owner,
    t: transport,
    at: String(openedAt),
    k: JSON.stringify(clientCapabilities),
    l: logLevel,
    [TOKEN]: JSON.stringify(record.token),
    [TOKEN_ISSUED_AT]: String(record.token.issuedAt),
  };
  if (record.node !== undefined) fields[NODE] = record.node;
  if (record.moves !== undefined && record.moves > 0) fields[MOVES] = String(record.moves);
  if (protocolVersion !== undefined) fields['v'] = protocolVersion;
  if (client !== undefined) fields['c'] = JSON.stringify(client);
  for (const uri of record.subscriptions) fields[SUBSCRIPTION + uri] = '1';
  return fields;
}

const read = new WeakMap<Fields, SessionRecord>();

/** Returns the same record for the same object of fields. */
export function recordOf(fields: Fields): SessionRecord {
  let record = read.get(fields);
  if (record === undefined) read.set(fields, (record = parse(fields)));
  return record;
}

function parse(fields: Fields): SessionRecord {
  const { o: owner = '', t: transport, at, v: protocolVersion, c: client, k = '{}', l: logLevel } = fields;
  const names = Object.keys(fields).filter((name) => name.startsWith(SUBSCRIPTION));
  return {
    owner,
    transport: transport as SessionTransport,
    openedAt: Number(at),
    protocolVersion,
    client: client === undefined ? undefined : (JSON.parse(client) as Implementation),
    clientCapabilities: JSON.parse(k) as ClientCapabilities,
    logLevel: logLevel as LoggingLevel,
    subscriptions: names.map((name) => name.slice(SUBSCRIPTION.length)),
    token: principalOf(JSON.parse(fields[TOKEN]!) as Principal),
    node: fields[NODE],
    moves: Number(fields[MOVES] ?? 0),
  };
}
