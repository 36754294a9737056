export { type McpServerAsyncOptions, McpServerModule } from './mcp-server.module.js';
export type { IssuerOptions, McpServerAuth, McpServerOptions } from './mcp-server.options.js';
export { MountedServer } from './mounted-server.js';
export { ROUTE_CONTROLLERS, ServerModule } from './server.module.js';
