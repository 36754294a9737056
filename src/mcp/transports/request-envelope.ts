import { isObject, type JsonRpcMessage, type Params, shortened } from '../messages/json-rpc.js';
import { invalidParams, ProtocolError } from '../messages/protocol.error.js';
import {
  type ClientCapabilities,
  ClientCapabilitiesSchema,
  ErrorCode,
  LoggingLevelSchema,
  STATELESS_VERSION,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '../messages/sdk-types.js';
import type { RequestEnvelope } from '../sessions/stateless.peer.js';

const PREFIX = 'io.modelcontextprotocol/';
const VERSION = `${PREFIX}protocolVersion`;

/** The revision in a message's `_meta`; messages of a session have none. */
export function versionIn(message: JsonRpcMessage): unknown {
  if (message.kind === 'response') return undefined;
  const { _meta: meta } = message.params;
  return isObject(meta) ? meta[VERSION] : undefined;
}

/**
 * What a request says of its client. Throws `ProtocolError`: −32602 where something is missing or malformed, −32022 for
 * an unsupported revision. MCP 2026-07-28, Overview, "Per-request protocol fields".
 */
export function readEnvelope(params: Params): RequestEnvelope {
  const { _meta } = params;
  const meta = isObject(_meta) ? _meta : {};
  const protocolVersion = meta[VERSION];
  if (typeof protocolVersion !== 'string') throw missing('protocolVersion');
  if (protocolVersion !== STATELESS_VERSION) throw unsupportedVersion(protocolVersion);
  const level = meta[`${PREFIX}logLevel`];
  return {
    protocolVersion,
    clientCapabilities: readCapabilities(meta[`${PREFIX}clientCapabilities`]),
    client: readClient(meta[`${PREFIX}clientInfo`]),
    logLevel: level === undefined ? undefined : readLogLevel(level),
  };
}

/** −32022, with the supported revisions. */
export function unsupportedVersion(requested: string): ProtocolError {
  return new ProtocolError(ErrorCode.UnsupportedProtocolVersion, 'Unsupported protocol version', {
    supported: SUPPORTED_PROTOCOL_VERSIONS,
    requested: shortened(requested, 64),
  });
}

function readCapabilities(capabilities: unknown): ClientCapabilities {
  if (isObject(capabilities) && Object.keys(capabilities).length === 0) return {};
  const parsed = ClientCapabilitiesSchema.safeParse(capabilities);
  if (!parsed.success) throw missing('clientCapabilities');
  return parsed.data;
}

function readClient(info: unknown): RequestEnvelope['client'] {
  if (info === undefined) return undefined;
  // Runs on every request and nothing more is used: validating a whole schema would cost as much as the guard.
  const { name, version } = isObject(info) ? info : {};
  if (typeof name !== 'string' || typeof version !== 'string') throw missing('clientInfo');
  return { name, version };
}

function readLogLevel(level: unknown): RequestEnvelope['logLevel'] {
  const parsed = LoggingLevelSchema.safeParse(level);
  if (!parsed.success) throw missing('logLevel');
  return parsed.data;
}

function missing(field: string): ProtocolError {
  return invalidParams(`_meta must carry a valid "${PREFIX}${field}"`);
}
