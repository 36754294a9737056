import type { IncomingMessage } from 'node:http';
import { missingSession, RefusedError } from '../../messages/refused.error.js';
import { ErrorCode, SUPPORTED_PROTOCOL_VERSIONS } from '../../messages/sdk-types.js';

/** The value of `Mcp-Protocol-Version`; undefined where it is missing or empty. */
export function protocolVersionIn({ headers }: IncomingMessage): string | undefined {
  const version = headers['mcp-protocol-version'];
  // Node joins repeated headers; no revision has such a name.
  return version === undefined || version === '' ? undefined : String(version);
}

/** Whether the request names a session, live or not. An empty header names none. */
export function namesSession({ headers }: IncomingMessage): boolean {
  return (headers['mcp-session-id'] ?? '') !== '';
}

/**
 * Refuses with 400 an unsupported revision. One that differs from the session's is accepted: the session has negotiated
 * its revision. MCP 2025-11-25, "Protocol Version Header".
 */
export function assertProtocolVersion(request: IncomingMessage): void {
  const version = protocolVersionIn(request);
  if (version === undefined || SUPPORTED_PROTOCOL_VERSIONS.includes(version)) return;
  throw new RefusedError(
    'unsupported_protocol_version',
    `Unsupported protocol version: this server speaks ${SUPPORTED_PROTOCOL_VERSIONS.join(', ')}`,
    { code: ErrorCode.UnsupportedProtocolVersion },
  );
}

/** The session that a request names; 400 when it names none, or several. */
export function sessionIdOf(request: IncomingMessage): string {
  const id = onlyHeader(request, 'mcp-session-id');
  if (id !== undefined && id !== '') return id;
  throw missingSession('The Mcp-Session-Id header is required, once: the reply to initialize carries it');
}

/** The value of a header that must occur once; undefined where it is missing or repeated. */
export function onlyHeader(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  // Node joins repeated headers with a comma: only then are the raw headers read.
  if (typeof value === 'string' && !value.includes(',')) return value;
  const values = request.headersDistinct[name];
  return values?.length === 1 ? values[0] : undefined;
}
