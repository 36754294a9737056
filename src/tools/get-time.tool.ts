import { type McpTool, Tool } from '../mcp/index.js';

/** Returns the server's time. */
@Tool({
  name: 'get-time',
  title: 'Current time',
  description: 'Returns the current server time, ISO 8601 in UTC.',
  annotations: { readOnlyHint: true, openWorldHint: false },
})
export class GetTimeTool implements McpTool {
  execute(): string {
    return `Current server time is: ${new Date().toISOString()}`;
  }
}
