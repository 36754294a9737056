import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type CallContext, type McpTool, Tool } from '../../src/mcp/index.js';

const input = z.object({ times: z.int().default(1) });

/** Closes the connection of its stream once or more, and answers when the test releases it. */
@Tool({ name: 'poll', description: 'Takes longer than a connection should.', input })
export class PollingTool implements McpTool<typeof input> {
  static release: () => void;

  async execute({ times }: z.infer<typeof input>, context: CallContext): Promise<string> {
    const released = new Promise<void>((resolve) => (PollingTool.release = resolve));
    for (let time = 0; time < times; time += 1) {
      context.closeStream();
      if (time < times - 1) await sleep(300);
    }
    await released;
    return 'polled';
  }
}
