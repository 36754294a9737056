import type { Peer } from '../sessions/peer.js';
import { ProtocolError } from '../messages/protocol.error.js';
import { ErrorCode } from '../messages/sdk-types.js';

/**
 * The one answer for a URI that is no resource of this caller's, whatever the reason. MCP 2025-11-25 and
 * 2026-07-28, Resources, "Error Handling".
 */
export function resourceNotFound(uri: string, peer: Peer): ProtocolError {
  const code = peer.isModern ? ErrorCode.InvalidParams : ErrorCode.ResourceNotFound;
  return new ProtocolError(code, 'Resource not found', { uri });
}
