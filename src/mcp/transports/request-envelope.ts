import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { ParamHeader } from '../catalog/param-headers.js';
import { VERSION_IN_META, versionIn } from '../messages/incoming-messages.js';
import { isObject, type JsonRpcRequest, type Params, shortened } from '../messages/json-rpc.js';
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
import { onlyHeader } from './protocol-request.js';

const PREFIX = 'io.modelcontextprotocol/';

/** The parameter that `Mcp-Name` repeats, by method. */
const NAMED_BY: ReadonlyMap<string, 'name' | 'uri'> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
]);

const ENCODED = /^=\?base64\?(.*)\?=$/s;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const DECIMAL = /^-?\d+(?:\.\d+)?$/;
const PLAIN = /^[\t\x20-\x7e]*$/;

/**
 * What a request says of its client. Throws `ProtocolError`: −32602 where something is missing or malformed, −32022 for
 * an unsupported revision. MCP 2026-07-28, Overview, "Per-request protocol fields".
 */
export function readEnvelope(params: Params): RequestEnvelope {
  const { _meta } = params;
  const meta = isObject(_meta) ? _meta : {};
  const protocolVersion = meta[VERSION_IN_META];
  if (typeof protocolVersion !== 'string') throw missing('protocolVersion');
  if (protocolVersion !== STATELESS_VERSION) throw unsupportedVersion(protocolVersion);
  const capabilities = meta[`${PREFIX}clientCapabilities`];
  const hasCapabilities = !isObject(capabilities) || Object.keys(capabilities).length > 0;
  const level = meta[`${PREFIX}logLevel`];
  return {
    protocolVersion,
    clientCapabilities: hasCapabilities ? readCapabilities(capabilities) : {},
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

/**
 * Refuses (−32020) a request whose headers differ from its body: a proxy that routes by them would have seen another
 * request. MCP 2026-07-28, Streamable HTTP, "Server Validation".
 */
export function assertMirrored(request: IncomingMessage, message: JsonRpcRequest): void {
  const { headers } = request;
  const version = versionIn(message);
  // The envelope's reader reports a version that is missing in the body.
  const named = headers['mcp-protocol-version'];
  if (named === undefined) throw mismatch('Mcp-Protocol-Version is missing');
  if (version !== undefined && named !== version) {
    throw mismatch('Mcp-Protocol-Version is not the version in _meta');
  }
  if (named !== STATELESS_VERSION) throw unsupportedVersion(String(named));
  if (onlyHeader(request, 'mcp-method') !== message.method)
    throw mismatch('Mcp-Method is not the method of the body');
  const parameter = NAMED_BY.get(message.method);
  if (parameter === undefined) return;
  if (decode(onlyHeader(request, 'mcp-name')) !== message.params[parameter]) {
    throw mismatch(`Mcp-Name is not the "${parameter}" of the body`);
  }
}

/** Refuses (−32020) a call whose `Mcp-Param-…` headers differ from the arguments that its tool marks. */
export function assertParamsMirrored(
  request: IncomingMessage,
  args: unknown,
  marked: readonly ParamHeader[],
): void {
  for (const { header, path } of marked) {
    const value = valueAt(isObject(args) ? args : {}, path);
    const given = request.headers[header];
    if (value === undefined || value === null) {
      if (given !== undefined) throw mismatch(`${header} repeats an argument that is not there`);
    } else if (!isSame(decode(onlyHeader(request, header)), value)) {
      throw mismatch(`${header} is not the argument "${path.join('.')}"`);
    }
  }
}

/** Undefined: missing, or not a valid header value. */
function decode(header: string | undefined): string | undefined {
  if (header === undefined || !PLAIN.test(header)) return undefined;
  const encoded = ENCODED.exec(header)?.[1];
  if (encoded === undefined) return header;
  if (!BASE64.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  // Decoding would replace invalid UTF-8, and the result would differ from what was sent.
  return isUtf8(bytes) ? bytes.toString() : undefined;
}

function isSame(text: string | undefined, value: unknown): boolean {
  if (text === undefined) return false;
  if (typeof value === 'number') return DECIMAL.test(text) && Number(text) === value;
  return typeof value === 'boolean' ? text === String(value) : text === value;
}

function valueAt(args: Params, path: readonly string[]): unknown {
  let value: unknown = args;
  for (const key of path) value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value;
}

function mismatch(problem: string): ProtocolError {
  return new ProtocolError(ErrorCode.HeaderMismatch, `Header mismatch: ${problem}`);
}
