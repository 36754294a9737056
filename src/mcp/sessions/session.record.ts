import type { Fields } from '../../backplane/index.js';
import { type Principal, principalOf } from '../authorization/principal.js';
import type { ClientCapabilities, Implementation, LoggingLevel } from '../messages/sdk-types.js';
import type { SessionTransport } from './peer.js';

/** What every node can know of a session: enough to go on with it. Times are milliseconds since the epoch. */
export interface SessionRecord {
  /** The key of the principal that owns it. */
  readonly owner: string;
  readonly transport: SessionTransport;
  readonly openedAt: number;
  /** Undefined: it has not been initialized. */
  readonly protocolVersion: string | undefined;
  readonly client: Implementation | undefined;
  readonly clientCapabilities: ClientCapabilities;
  readonly logLevel: LoggingLevel;
  readonly subscriptions: readonly string[];
  /** What the newest token says that its owner has shown. Never the token itself. */
  readonly token: Principal;
  /** The node that holds the stream, where the session lives and dies with one. */
  readonly node?: string | undefined;
}

/** The form of the fields: nodes of the version before can read it. */
const FORMAT = '1';
/** The fields of the newest token are written apart: only a newer one takes their place. */
export const TOKEN = 'tok';
export const TOKEN_ISSUED_AT = 'iat';
const SUBSCRIPTION = 's:';

/** A field for each thing that changes on its own, so that two nodes can change two of them at once. */
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
  if (record.node !== undefined) fields['n'] = record.node;
  if (protocolVersion !== undefined) fields['v'] = protocolVersion;
  if (client !== undefined) fields['c'] = JSON.stringify(client);
  for (const uri of record.subscriptions) fields[SUBSCRIPTION + uri] = '1';
  return fields;
}

const read = new WeakMap<Fields, SessionRecord>();

/** Fields that are the same object make the same record. */
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
    node: fields['n'],
  };
}
