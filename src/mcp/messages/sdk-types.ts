import {
  LATEST_PROTOCOL_VERSION,
  SUPPORTED_PROTOCOL_VERSIONS as SESSION_VERSIONS,
} from '@modelcontextprotocol/sdk/types.js';

/**
 * What this project imports from the SDK: the protocol's types, revisions and error codes. Only this file of `mcp/`
 * imports the SDK, so that it can be replaced in one place.
 */
export {
  CreateMessageResultSchema,
  CreateMessageResultWithToolsSchema,
  ElicitRequestFormParamsSchema,
  ElicitResultSchema,
  ImplementationSchema,
  ClientCapabilitiesSchema,
  InitializeRequestParamsSchema,
  ListRootsResultSchema,
  LoggingLevelSchema,
} from '@modelcontextprotocol/sdk/types.js';
export type {
  Annotations,
  CallToolResult,
  ClientCapabilities,
  ContentBlock,
  CreateMessageRequestParams,
  CreateMessageResult,
  CreateMessageResultWithTools,
  ElicitResult,
  GetPromptResult,
  Icon,
  Implementation,
  InitializeResult,
  LoggingLevel,
  ProgressToken,
  Prompt as PromptDefinition,
  PromptMessage,
  ReadResourceResult,
  RequestId,
  Resource as ResourceDefinition,
  ResourceTemplate as ResourceTemplateDefinition,
  Root,
  ServerCapabilities,
  Tool as ToolDefinition,
  ToolAnnotations,
} from '@modelcontextprotocol/sdk/types.js';

/** The revisions with sessions, newest first. */
export { LATEST_PROTOCOL_VERSION, SESSION_VERSIONS };

/** The revision without sessions: each request identifies its client. */
export const STATELESS_VERSION = '2026-07-28';

/** Every supported revision, newest first. */
export const SUPPORTED_PROTOCOL_VERSIONS: readonly string[] = [STATELESS_VERSION, ...SESSION_VERSIONS];

/** JSON-RPC 2.0, section 5.1; MCP 2026-07-28, Overview, "Error Codes". */
export const ErrorCode = {
  ParseError: -32700,
  InvalidRequest: -32600,
  MethodNotFound: -32601,
  InvalidParams: -32602,
  InternalError: -32603,
  /** Defined by the SDKs: the other side has disconnected. */
  ConnectionClosed: -32000,
  /** Up to 2025-11-25; later InvalidParams. */
  ResourceNotFound: -32002,
  HeaderMismatch: -32020,
  MissingRequiredClientCapability: -32021,
  UnsupportedProtocolVersion: -32022,
} as const;
