/**
 * What this project takes from the SDK: the protocol's types, its revisions and error codes. The other
 * rooms of `mcp/` import them from here, so that the SDK can be changed in one place.
 */
export type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js';
export {
  ErrorCode,
  InitializeRequestParamsSchema,
  LATEST_PROTOCOL_VERSION,
  LoggingLevelSchema,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/sdk/types.js';
export type {
  CallToolResult,
  ClientCapabilities,
  ContentBlock,
  Icon,
  Implementation,
  InitializeResult,
  LoggingLevel,
  ProgressToken,
  RequestId,
  Tool as ToolDefinition,
  ToolAnnotations,
} from '@modelcontextprotocol/sdk/types.js';
