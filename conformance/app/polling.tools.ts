import { setTimeout as sleep } from 'node:timers/promises';
import { type McpTool, Tool, type CallContext } from '../../src/mcp/index.js';

@Tool({ name: 'test_reconnection', description: 'Lets its client come back for the reply.' })
export class ReconnectionTool implements McpTool {
  async execute(_input: Record<string, never>, context: CallContext): Promise<string> {
    context.closeStream();
    await sleep(100);
    return 'Reconnection test completed';
  }
}
