import type { McpModuleOptions } from '../mcp.options.js';
import type { Session } from '../sessions/session.js';
import type { Params } from './json-rpc.js';
import { ProtocolError } from './protocol.error.js';
import {
  ErrorCode,
  InitializeRequestParamsSchema,
  type InitializeResult,
  LATEST_PROTOCOL_VERSION,
  SUPPORTED_PROTOCOL_VERSIONS,
} from './sdk-types.js';

/**
 * Agrees on a revision and remembers who the client is. A revision that this server does not speak is
 * answered with the latest that it does. MCP 2025-11-25, Lifecycle, "Version Negotiation".
 */
export function answerInitialize(params: Params, session: Session, options: McpModuleOptions): string {
  if (session.initialized)
    throw new ProtocolError(ErrorCode.InvalidRequest, 'The session is initialized already');
  const parsed = InitializeRequestParamsSchema.safeParse(params);
  if (!parsed.success) {
    const fields = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.')))].join(', ');
    throw new ProtocolError(ErrorCode.InvalidParams, `Invalid initialize parameters: ${fields}`);
  }
  const { protocolVersion, clientInfo, capabilities } = parsed.data;
  session.initialized = true;
  session.protocolVersion = SUPPORTED_PROTOCOL_VERSIONS.includes(protocolVersion)
    ? protocolVersion
    : LATEST_PROTOCOL_VERSION;
  session.client = { name: clientInfo.name, version: clientInfo.version };
  session.clientCapabilities = capabilities;
  const result: InitializeResult = {
    protocolVersion: session.protocolVersion,
    capabilities: { tools: {}, logging: {} },
    serverInfo: options.serverInfo,
    ...(options.instructions === undefined ? {} : { instructions: options.instructions }),
  };
  return JSON.stringify(result);
}
