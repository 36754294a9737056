import { z } from 'zod';
import {
  type CallContext,
  type CallToolResult,
  type ContentBlock,
  type LoggingLevel,
  type McpTool,
  Tool,
} from '../../src/mcp/index.js';
import { Gate, GATED } from './gate.tool.js';

const keyed = z.object({ key: z.string() });

/** Sends progress, which opens the stream of its reply, and waits at the gate. */
@Tool({ name: 'announced', description: 'Says something, and waits.', input: keyed })
export class AnnouncedTool implements McpTool<typeof keyed> {
  constructor(private readonly gate: Gate) {}

  execute({ key }: z.infer<typeof keyed>, context: CallContext): Promise<string> {
    context.progress(1, { total: 2, message: 'one of two' });
    return this.gate.hold(key, context.signal).finally(() => context.progress(2, { total: 2 }));
  }
}

export const LEVELS: readonly LoggingLevel[] = ['debug', 'info', 'warning', 'error', 'emergency'];

@Tool({ name: 'talks', description: 'Sends a log message of several levels.' })
export class TalkingTool implements McpTool {
  execute(_input: Record<string, never>, context: CallContext): string {
    for (const level of LEVELS) context.log(level, { said: level }, 'talker');
    return 'said';
  }
}

const total = z.object({ total: z.int() });

@Tool({ name: 'counts', description: 'Returns an object.', output: total })
export class CountingTool implements McpTool<undefined, typeof total> {
  execute(): z.infer<typeof total> {
    return { total: 3 };
  }
}

const names = z.array(z.string());

@Tool({ name: 'names', description: 'Returns what is no object.', output: names })
export class NamingTool implements McpTool<undefined, typeof names> {
  execute(): string[] {
    return ['one', 'two'];
  }
}

const manner = z.object({ how: z.enum(['well', 'wrongly', 'not']) });

@Tool({ name: 'names-or-fails', description: 'Returns a whole result.', input: manner, output: names })
export class WholeNamingTool implements McpTool<typeof manner, typeof names> {
  execute({ how }: z.infer<typeof manner>): CallToolResult {
    const content: ContentBlock[] = [{ type: 'text', text: 'in words' }];
    if (how === 'not') return { content, isError: true };
    return {
      content,
      structuredContent: (how === 'well' ? ['one'] : [1]) as unknown as Record<string, unknown>,
    };
  }
}

const document = z.object({ content: z.array(z.object({ type: z.string() })) });

@Tool({ name: 'document', description: 'Returns an object with a content of its own.', output: document })
export class DocumentTool implements McpTool<undefined, typeof document> {
  execute(): z.infer<typeof document> {
    return { content: [{ type: 'paragraph' }] };
  }
}

@Tool({ name: 'secret', description: 'For administrators.', scopes: ['mcp:admin'] })
export class SecretTool implements McpTool {
  execute(): string {
    return 'the secret';
  }
}

@Tool({
  name: 'refund',
  description: 'For those who have asked.',
  scopes: ['refund:read', 'refund:write'],
  stepUp: true,
})
export class RefundTool implements McpTool {
  execute(): string {
    return 'refunded';
  }
}

export const ERA_TOOLS = [
  ...GATED,
  AnnouncedTool,
  TalkingTool,
  CountingTool,
  NamingTool,
  WholeNamingTool,
  DocumentTool,
  SecretTool,
  RefundTool,
];
