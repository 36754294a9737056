export type { CallContext, ClientSession, Elicited, User } from './decorators/call-context.js';
export type { EntryOptions, RequiredScopes } from './decorators/entry-options.js';
export type { McpTool, ToolReturn } from './decorators/mcp-tool.js';
export type { Schema, Unvalidated, Validated } from './decorators/schema.js';
export { Tool, type ToolOptions } from './decorators/tool.decorator.js';
export { ToolRegistry } from './catalog/tool.registry.js';
export { WiringError } from './catalog/wiring.error.js';
export {
  getMcpContext,
  MCP_CONTEXT_TYPE,
  type McpContextType,
  type McpContext,
} from './enhancers/mcp-context.js';
export { ToolError } from './invocation/tool.error.js';
export { McpModule } from './mcp.module.js';
export type { McpModuleOptions } from './mcp.options.js';
export type { CallToolResult, ContentBlock, LoggingLevel, ToolAnnotations } from './protocol/sdk-types.js';
export { SessionDrain } from './sessions/session.drain.js';
export { SessionService } from './sessions/session.service.js';
