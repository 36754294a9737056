import { HttpStatus } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { ErrorCode, SESSION_VERSIONS, SUPPORTED_PROTOCOL_VERSIONS } from '../../messages/sdk-types.js';
import { missingSession, RequestRefused } from '../../sessions/request-refused.js';
import { onlyHeader } from './only-header.js';

/** Refuses with 400 a revision that this server does not speak. MCP 2025-11-25, "Protocol Version Header". */
export function assertProtocolVersion(request: IncomingMessage): void {
  const version = request.headers['mcp-protocol-version'];
  if (version === undefined || SESSION_VERSIONS.includes(String(version))) return;
  throw new RequestRefused(
    HttpStatus.BAD_REQUEST,
    'unsupported_protocol_version',
    `Unsupported protocol version: this server speaks ${SUPPORTED_PROTOCOL_VERSIONS.join(', ')}`,
    ErrorCode.UnsupportedProtocolVersion,
  );
}

/** The session that a request names; 400 when it names none, or more than one. */
export function sessionIdOf(request: IncomingMessage): string {
  const id = onlyHeader(request, 'mcp-session-id');
  if (id !== undefined && id !== '') return id;
  throw missingSession('The Mcp-Session-Id header is required, once: the reply to initialize carries it');
}
