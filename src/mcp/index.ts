export { Audit, type AuditOptions } from './decorators/audit.decorator.js';
export type { CallContext, ClientSession, Elicited, User } from './decorators/call-context.js';
export type { Completes, Completion, CompletionRequest } from './decorators/completion.js';
export type { PrimitiveOptions as EntryOptions, RequiredScopes } from './decorators/primitive-options.js';
export type { McpPrompt, PromptReturn } from './decorators/mcp-prompt.js';
export type {
  McpResource,
  ResourceContents,
  ResourceRequest,
  ResourceReturn,
} from './decorators/mcp-resource.js';
export type { McpTool, ToolReturn } from './decorators/mcp-tool.js';
export { fromDto } from './decorators/from-dto.js';
export { fromJsonSchema } from './decorators/from-json-schema.js';
export { type Principal, principalOf } from './authorization/principal.js';
export type { AuthorizedRequest, RequestAuthorization } from './authorization/request-authorization.js';
export { Prompt, type PromptOptions } from './decorators/prompt.decorator.js';
export {
  type FixedResourceOptions,
  Resource,
  type ResourceOptions,
  type ResourceTemplateOptions,
} from './decorators/resource.decorator.js';
export type { Schema, Unvalidated, Validated } from './decorators/schema.js';
export { Tool, type ToolOptions } from './decorators/tool.decorator.js';
export { PromptRegistry } from './catalog/prompt.registry.js';
export { ResourceRegistry } from './catalog/resource.registry.js';
export { ToolRegistry } from './catalog/tool.registry.js';
export { WiringError } from './decorators/wiring.error.js';
export {
  getMcpContext,
  isMcpContext,
  MCP_CONTEXT_TYPE,
  type McpContextType,
  type McpContext,
} from './enhancers/mcp-context.js';
export { ResourceNotFoundError } from './decorators/resource-not-found.error.js';
export { InputRequiredError } from './client-input/input-required.error.js';
export { ToolError } from './decorators/tool.error.js';
export type { CatalogSource } from './enhancers/catalog-source.js';
export { McpModule, PROTOCOL_CONTROLLERS } from './mcp.module.js';
export type { McpModuleOptions } from './mcp.options.js';
export type {
  CallToolResult,
  ContentBlock,
  GetPromptResult,
  LoggingLevel,
  PromptMessage,
  ToolAnnotations,
} from './messages/sdk-types.js';
export { SessionDrain } from './sessions/session.drain.js';
export { SessionService } from './sessions/session.service.js';
export { type StdioHost, type StdioService, StdioTransport } from './transports/stdio/stdio.transport.js';
