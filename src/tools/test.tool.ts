import { type McpTool, Tool } from '../mcp/index.js';

/** Confirms that token and connection work. */
@Tool({
  name: 'test',
  title: 'Security check',
  description: 'Confirms that the caller is authenticated and may use this server.',
  annotations: { readOnlyHint: true, openWorldHint: false },
})
export class TestTool implements McpTool {
  execute(): string {
    return 'Security check successful';
  }
}
