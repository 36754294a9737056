import { z } from 'zod';
import {
  type CallContext,
  type CallToolResult,
  type ContentBlock,
  type McpPrompt,
  type McpResource,
  type McpTool,
  Prompt,
  Resource,
  Tool,
  ToolError,
} from '../../src/mcp/index.js';

export const HALF = 'half \ud83d';
export const MENDED = 'half \ufffd';

export const BLOCKS: ContentBlock[] = [
  { type: 'text', text: 'before' },
  { type: 'resource_link', uri: 'file:///report.pdf', name: 'report', title: 'The report' },
  { type: 'audio', data: 'AAAA', mimeType: 'audio/wav' },
  { type: 'resource', resource: { uri: 'app://embedded', text: 'embedded' } },
];

@Tool({ name: 'newer', description: 'Returns content of newer revisions.' })
class NewerTool implements McpTool {
  execute(): ContentBlock[] {
    return BLOCKS;
  }
}

@Prompt({ name: 'newer', description: 'Has content of newer revisions.' })
class NewerPrompt implements McpPrompt {
  render() {
    return BLOCKS.map((content) => ({ role: 'user' as const, content }));
  }
}

@Tool({ name: 'samples', description: 'Asks the model with a message of two blocks.' })
class SamplingTool implements McpTool {
  async execute(_input: Record<string, never>, context: CallContext): Promise<string> {
    const content = [BLOCKS[0]!, BLOCKS[2]!] as { type: 'text'; text: string }[];
    await context.sample({ maxTokens: 1, messages: [{ role: 'user', content }] });
    return 'sampled';
  }
}

@Tool({ name: 'halves', description: 'Says half a character wherever it can.' })
class HalvingTool implements McpTool {
  execute(_input: Record<string, never>, context: CallContext): CallToolResult {
    context.progress(1, { message: HALF });
    context.log('error', { [HALF]: [HALF] }, HALF);
    return { content: [{ type: 'text', text: HALF }], structuredContent: { [HALF]: HALF } };
  }
}

const record = z.record(z.string(), z.string());

@Tool({ name: 'halves-in-structure', description: 'Returns half a character.', output: record })
class StructuredHalvingTool implements McpTool<undefined, typeof record> {
  execute(): z.infer<typeof record> {
    return { [HALF]: HALF };
  }
}

@Tool({ name: 'fails-halfway', description: 'Fails with half a character.' })
class FailingTool implements McpTool {
  execute(): never {
    throw new ToolError(HALF);
  }
}

@Resource({ name: 'half', uri: 'app://half' })
class HalfResource implements McpResource {
  read(): string {
    return HALF;
  }
}

@Prompt({
  name: 'half',
  description: 'Is half a character.',
  args: z.object({ fails: z.string().optional() }),
})
class HalfPrompt implements McpPrompt {
  render({ fails: isFailing }: { fails?: string }): string {
    if (isFailing !== undefined) throw new ToolError(HALF);
    return HALF;
  }
}

const total = z.object({ total: z.int() });
const RESULTS = {
  fitting: { total: 3 },
  misfit: { total: 'three' },
  nothing: null,
  bigint: { total: 3n },
};
const which = z.object({ structure: z.enum(['fitting', 'misfit', 'nothing', 'bigint']) });

const failed = ({ structure }: z.infer<typeof which>): CallToolResult => ({
  content: [{ type: 'text', text: 'what went wrong' }],
  isError: true,
  structuredContent: RESULTS[structure] as unknown as Record<string, unknown>,
});

@Tool({ name: 'fails-described', description: 'Fails with a structure.', input: which, output: total })
class DescribedFailureTool implements McpTool<typeof which, typeof total> {
  execute(input: z.infer<typeof which>): CallToolResult {
    return failed(input);
  }
}

@Tool({
  name: 'fails-by-hand',
  description: 'Fails with a structure that no schema describes.',
  input: which,
})
class HandBuiltFailureTool implements McpTool<typeof which> {
  execute(input: z.infer<typeof which>): CallToolResult {
    return failed(input);
  }
}

/** Primitives whose content some clients cannot read. */
export const OUTGOING = [
  NewerTool,
  NewerPrompt,
  SamplingTool,
  HalvingTool,
  StructuredHalvingTool,
  FailingTool,
  HalfResource,
  HalfPrompt,
  DescribedFailureTool,
  HandBuiltFailureTool,
];
