import { type McpTool, Tool, type CallContext } from '../../src/mcp/index.js';

/** Reports each number as progress, and waits before the last one until the test releases it. */
@Tool({ name: 'count', description: 'Counts to three.' })
export class CountTool implements McpTool {
  static release: () => void;
  static aborted = false;

  async execute(_input: Record<string, never>, context: CallContext): Promise<string> {
    const released = new Promise<void>((resolve) => (CountTool.release = resolve));
    CountTool.aborted = false;
    context.signal.addEventListener('abort', () => (CountTool.aborted = true));
    context.progress(1);
    context.progress(2);
    await released;
    context.progress(3);
    return 'counted';
  }
}
