import { setTimeout as sleep } from 'node:timers/promises';
import { type McpTool, Tool, type CallContext } from '../../src/mcp/index.js';

const STEP_MS = 50;

@Tool({ name: 'test_tool_with_progress', description: 'Tells how far it is.' })
export class ProgressTool implements McpTool {
  async execute(_input: Record<string, never>, context: CallContext): Promise<string> {
    context.progress(0, { total: 100 });
    await sleep(STEP_MS);
    context.progress(50, { total: 100 });
    await sleep(STEP_MS);
    context.progress(100, { total: 100 });
    return 'Progress reported';
  }
}

@Tool({ name: 'test_tool_with_logging', description: 'Logs what it does, step by step.' })
export class LoggingStepsTool implements McpTool {
  async execute(_input: Record<string, never>, context: CallContext): Promise<string> {
    context.log('info', 'Tool execution started');
    await sleep(STEP_MS);
    context.log('info', 'Tool processing data');
    await sleep(STEP_MS);
    context.log('info', 'Tool execution completed');
    return 'Steps logged';
  }
}

@Tool({ name: 'test_logging_tool', description: 'Logs one line.' })
export class LoggingTool implements McpTool {
  execute(_input: Record<string, never>, context: CallContext): string {
    context.log('info', 'The client has not asked for this line');
    return 'A line logged';
  }
}
