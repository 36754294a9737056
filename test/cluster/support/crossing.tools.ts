import { z } from 'zod';
import { type CallContext, type McpTool, Tool } from '../../../src/mcp/index.js';
import { Gate } from '../../support/gate.tool.js';
import type { TestApp } from '../../support/test-app.js';

const text = z.object({ text: z.string() });

@Tool({ name: 'length', description: 'Counts.', input: text })
class LengthTool implements McpTool<typeof text> {
  execute({ text: { length } }: z.infer<typeof text>): string {
    return String(length);
  }
}

@Tool({ name: 'rare', description: 'May be called once an hour.', rateLimit: '1/1h' })
class RareTool implements McpTool {
  execute(): string {
    return 'once';
  }
}

@Tool({ name: 'guarded', description: 'Needs a scope.', scopes: ['admin'], stepUp: true })
class GuardedTool implements McpTool {
  execute(_input: unknown, { user }: CallContext): string {
    return user.subject;
  }
}

const key = z.object({ key: z.string() });

const steps = key.extend({ end: z.string().optional() });

@Tool({
  name: 'stepwise',
  description: 'Reports a step, waits, reports another, and may wait again.',
  input: steps,
})
class StepwiseTool implements McpTool<typeof steps> {
  constructor(private readonly gate: Gate) {}

  async execute(input: z.infer<typeof steps>, context: CallContext): Promise<string> {
    context.progress(1);
    const text = await this.gate.hold(input.key, context.signal);
    context.progress(2);
    return input.end === undefined ? text : this.gate.hold(input.end, context.signal);
  }
}

@Tool({ name: 'look', description: 'Changes nothing.', annotations: { readOnlyHint: true } })
class LookTool implements McpTool {
  execute(): string {
    return 'seen';
  }
}

@Tool({ name: 'long', description: 'Answers with more than a connection holds.' })
class LongTool implements McpTool {
  execute(): string {
    return 'x'.repeat(16_000_000);
  }
}

export const CROSSING_TOOLS = [LengthTool, RareTool, GuardedTool, StepwiseTool, LookTool, LongTool];

/** The request of a tool call. */
export const call = (id: string | number, name: string, args: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args },
});

export const gateOf = ({ app }: TestApp) => app.get(Gate, { strict: false });

export const textOf = (result: unknown) => (result as { content: [{ text: string }] }).content[0].text;
