import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { type ContentBlock, type McpTool, Tool, ToolError } from '../../src/mcp/index.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { connectSdk, textOf } from '../support/sdk-client.js';
import { startApp, type TestApp } from '../support/test-app.js';

const SECRET_MESSAGE = 'connect failed: postgres://admin:hunter2@db.internal/prod';
const output = z.object({ total: z.int() });

@Tool({ name: 'refuses', description: 'Tells the model what went wrong.' })
class RefusingTool implements McpTool {
  execute(): never {
    throw new ToolError('There is no such order: ask for one of 1 to 9');
  }
}

@Tool({ name: 'breaks', description: 'Throws where it stands.' })
class BreakingTool implements McpTool {
  execute(): never {
    throw new Error(SECRET_MESSAGE, { cause: new Error(SECRET_MESSAGE) });
  }
}

@Tool({ name: 'breaks-later', description: 'Rejects with what is no error.' })
class LateBreakingTool implements McpTool {
  async execute(): Promise<string> {
    await Promise.resolve();
    // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error -- some library will
    throw { password: SECRET_MESSAGE };
  }
}

@Tool({ name: 'miscounts', description: 'Returns what its output schema does not describe.', output })
class MiscountingTool implements McpTool<undefined, typeof output> {
  execute() {
    return { total: 'hunter2' } as unknown as { total: number };
  }
}

const perhaps = z.object({ total: z.int() }).optional();

@Tool({
  name: 'returns-no-output',
  description: 'Returns what its schema allows and JSON does not.',
  output: perhaps,
})
class PerhapsTool implements McpTool<undefined, typeof perhaps> {
  execute() {
    return undefined;
  }
}

@Tool({ name: 'counts', description: 'Returns more than its output schema names.', output })
class CountingTool implements McpTool<undefined, typeof output> {
  execute() {
    return { total: 3, password: 'hunter2' };
  }
}

@Tool({ name: 'returns-nothing', description: 'Forgets its answer.' })
class ForgetfulTool implements McpTool {
  execute(): string {
    return undefined as unknown as string;
  }
}

@Tool({ name: 'returns-no-json', description: 'Returns what JSON has no form for.' })
class UnwritableTool implements McpTool {
  execute(): CallToolResult {
    return { content: [], _meta: { total: 1n } };
  }
}

@Tool({ name: 'returns-no-blocks', description: 'Returns a list of what is no content.' })
class ListingTool implements McpTool {
  execute(): ContentBlock[] {
    return ['one', 'two'] as unknown as ContentBlock[];
  }
}

@Tool({ name: 'promises', description: 'Takes its time.' })
class PromisingTool implements McpTool {
  execute(): Promise<string> {
    return new Promise((resolve) => setImmediate(resolve, 'in the end'));
  }
}

const BLOCKS: ContentBlock[] = [
  { type: 'text', text: 'a chart' },
  { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' },
  { type: 'resource_link', uri: 'file:///chart.csv', name: 'chart.csv' },
];

@Tool({ name: 'draws', description: 'Returns several blocks.' })
class DrawingTool implements McpTool {
  execute(): ContentBlock[] {
    return BLOCKS;
  }
}

const WHOLE: CallToolResult = {
  content: [{ type: 'text', text: 'half of it failed' }],
  isError: true,
  _meta: { 'example.com/attempts': 2 },
};

@Tool({ name: 'reports', description: 'Returns a whole result.' })
class ReportingTool implements McpTool {
  execute(): CallToolResult {
    return WHOLE;
  }
}

const rows = z.object({ rows: z.array(z.object({ key: z.string() })) });

@Tool({ name: 'takes-rows', description: 'Takes a list of objects.', input: rows })
class RowsTool implements McpTool<typeof rows> {
  execute(): string {
    return 'taken';
  }
}

const TOOLS = [
  RefusingTool,
  BreakingTool,
  LateBreakingTool,
  MiscountingTool,
  PerhapsTool,
  CountingTool,
  ForgetfulTool,
  UnwritableTool,
  ListingTool,
  PromisingTool,
  DrawingTool,
  ReportingTool,
  RowsTool,
];

describe('what becomes of what a tool does', () => {
  let app: TestApp;
  let client: Client;
  let logs: RecordedLogs;

  beforeAll(async () => {
    app = await startApp({}, TOOLS);
    logs = RecordedLogs.of(app);
    client = await connectSdk(app.url, await app.token());
  });

  afterAll(async () => {
    await client.close();
    await app.close();
  });

  const call = (name: string, args = {}) => client.callTool({ name, arguments: args });

  it('sends a promised answer', async () => {
    expect(await call('promises')).toEqual({ content: [{ type: 'text', text: 'in the end' }] });
  });

  it('sends content blocks as they are', async () => {
    expect(await call('draws')).toEqual({ content: BLOCKS });
  });

  it('sends a whole result as it is', async () => {
    expect(await call('reports')).toEqual(WHOLE);
    expect(logs.events('call.ended').at(-1)).toMatchObject({ tool: 'reports', outcome: 'tool_error' });
  });

  it('sends only what the output schema names', async () => {
    expect(await call('counts')).toEqual({
      content: [{ type: 'text', text: '{"total":3}' }],
      structuredContent: { total: 3 },
    });
  });

  it('sends a ToolError’s text to the model', async () => {
    expect(await call('refuses')).toEqual({
      content: [{ type: 'text', text: 'There is no such order: ask for one of 1 to 9' }],
      isError: true,
    });
  });

  it.each([
    'breaks',
    'breaks-later',
    'miscounts',
    'returns-no-output',
    'returns-nothing',
    'returns-no-json',
    'returns-no-blocks',
  ])('says no more of %s than a reference, by which the log has it', async (name) => {
    const result = await call(name);
    const [, reference] = new RegExp(`^${name} failed; the server's log has it as ([0-9a-f-]{36})$`).exec(
      textOf(result),
    )!;
    expect(Object.keys(result).toSorted()).toEqual(['content', 'isError']);
    expect(result.isError).toBe(true);
    expect(logs.events('call.failed').filter((line) => line['reference'] === reference)).toHaveLength(1);
    expect(logs.events('call.ended').at(-1)).toMatchObject({ tool: name, outcome: 'error' });
  });

  // src/mcp/catalog/argument-issues.spec.ts counts the work on them.
  it('sends the first issue only of arguments with many elements', async () => {
    const result = await call('takes-rows', { rows: Array.from({ length: 4_900 }, () => ({})) });
    expect(textOf(result)).toBe(
      'Invalid arguments for takes-rows: rows.0.key: Invalid input: expected string, received undefined',
    );
  });

  it('the server still answers the next call', async () => {
    expect(textOf(await call('test'))).toBe('Security check successful');
  });
});
