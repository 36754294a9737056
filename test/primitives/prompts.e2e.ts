import { z } from 'zod';
import {
  type CallContext,
  type GetPromptResult,
  type McpPrompt,
  Prompt,
  type PromptMessage,
  PromptRegistry,
  ToolError,
} from '../../src/mcp/index.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { refusalOf, SDK_CLIENTS, type SdkClient } from '../support/sdk-clients.js';
import { startApp, type TestApp } from '../support/test-app.js';

const PASSWORD = 'postgres://admin:hunter2@db.internal/prod';

@Prompt({ name: 'greet', description: 'Greets the user.' })
class GreetPrompt implements McpPrompt {
  render(args: Record<string, never>, { session, user }: CallContext): string {
    return `Greet ${user.subject} in ${session.protocolVersion} with ${Object.keys(args).length} arguments.`;
  }
}

const reviewArgs = z.object({
  code: z.string().min(1).describe('What to review'),
  depth: z.string().transform(Number).pipe(z.int()).default(1).describe('1 to 3'),
  tone: z.enum(['dry', 'warm']).optional(),
});

@Prompt({ name: 'review', title: 'Review code', description: 'Reviews code.', args: reviewArgs })
class ReviewPrompt implements McpPrompt<typeof reviewArgs> {
  async render({ code, depth, tone }: z.infer<typeof reviewArgs>): Promise<PromptMessage[]> {
    return [
      {
        role: 'user',
        content: { type: 'text', text: `Review ${code}, depth ${depth + 1}, ${tone ?? 'plain'}` },
      },
      { role: 'assistant', content: { type: 'text', text: 'Let me see.' } },
    ];
  }
}

const WHOLE: GetPromptResult = {
  description: 'Made for the occasion.',
  messages: [
    {
      role: 'user',
      content: { type: 'resource', resource: { uri: 'app://x', mimeType: 'text/plain', text: 'x' } },
    },
    { role: 'user', content: { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' } },
  ],
};

@Prompt({ name: 'whole', description: 'Returns a whole result.' })
class WholePrompt implements McpPrompt {
  render(): GetPromptResult {
    return WHOLE;
  }
}

const failArgs = z.object({ how: z.string() });

@Prompt({ name: 'fail', args: failArgs, timeoutMs: 30 })
class FailPrompt implements McpPrompt<typeof failArgs> {
  render({ how }: z.infer<typeof failArgs>): string | Promise<string> {
    if (how === 'told') throw new ToolError('There is no such template: ask for one of a, b or c');
    if (how === 'thrown') throw new Error(PASSWORD);
    if (how === 'slow') return new Promise(() => {});
    return { messages: PASSWORD } as unknown as string;
  }
}

@Prompt({ name: 'audit', description: 'For administrators.', scopes: ['mcp:admin'] })
class AuditPrompt implements McpPrompt {
  render(): string {
    return 'Audit.';
  }
}

let app: TestApp;
let logs: RecordedLogs;
beforeAll(async () => {
  app = await startApp({}, [GreetPrompt, ReviewPrompt, WholePrompt, FailPrompt, AuditPrompt]);
  logs = RecordedLogs.of(app);
});
afterAll(() => app.close());

const namesOf = async (client: SdkClient): Promise<string[]> =>
  (await client.listPrompts()).prompts.map(({ name }) => name);

describe.each(SDK_CLIENTS)('prompts, $name', ({ connect, revision }) => {
  let viewer: SdkClient;
  let admin: SdkClient;

  beforeAll(async () => {
    viewer = await connect(app.url, await app.token('alice'));
    admin = await connect(app.url, await app.token('root', 'mcp:access mcp:admin'));
  });
  afterAll(() => Promise.all([viewer.close(), admin.close()]));

  const get = async (name: string, args?: Record<string, string>): Promise<unknown> => {
    const { description, messages } = await viewer.getPrompt({ name, arguments: args });
    return { description, messages };
  };
  const refusal = (name: string, args?: Record<string, string>): Promise<unknown> =>
    refusalOf(viewer.getPrompt({ name, arguments: args }));

  it('lists what each caller may use', async () => {
    expect(await namesOf(viewer)).toEqual(['fail', 'greet', 'review', 'whole']);
    expect(await namesOf(admin)).toEqual(['audit', 'fail', 'greet', 'review', 'whole']);
  });

  it('describes them and their arguments', async () => {
    const { prompts } = await viewer.listPrompts();
    expect(prompts.find(({ name }) => name === 'greet')).toEqual({
      name: 'greet',
      description: 'Greets the user.',
    });
    expect(prompts.find(({ name }) => name === 'review')).toEqual({
      name: 'review',
      title: 'Review code',
      description: 'Reviews code.',
      arguments: [
        { name: 'code', description: 'What to review', required: true },
        { name: 'depth', description: '1 to 3', required: false },
        { name: 'tone', required: false },
      ],
    });
  });

  it('renders a prompt without arguments, also when the client sends some', async () => {
    const text = `Greet alice in ${revision} with 0 arguments.`;
    const greeting = {
      description: 'Greets the user.',
      messages: [{ role: 'user', content: { type: 'text', text } }],
    };
    expect(await get('greet')).toEqual(greeting);
    expect(await get('greet', {})).toEqual(greeting);
    expect(await get('greet', { surplus: 'yes' })).toEqual(greeting);
  });

  it('renders one with arguments, validated and turned into what they stand for', async () => {
    expect(await get('review', { code: 'x', depth: '2', tone: 'dry' })).toEqual({
      description: 'Reviews code.',
      messages: [
        { role: 'user', content: { type: 'text', text: 'Review x, depth 3, dry' } },
        { role: 'assistant', content: { type: 'text', text: 'Let me see.' } },
      ],
    });
    expect(await get('review', { code: 'x' })).toMatchObject({
      messages: [{ content: { text: 'Review x, depth 2, plain' } }, {}],
    });
  });

  it('hands on a whole result', async () => {
    expect(await get('whole')).toEqual(WHOLE);
  });

  it('says what is wrong with arguments', async () => {
    expect(await refusal('review')).toEqual({
      code: -32602,
      message: 'Invalid arguments for review: code: Invalid input: expected string, received undefined',
      data: undefined,
    });
    expect(await refusal('review', { code: '', depth: 'deep', tone: 'loud' })).toMatchObject({
      code: -32602,
      message: expect.stringMatching(/^Invalid arguments for review: code: .*; depth: .*; tone: .*dry/),
    });
    expect(logs.events('call.ended').at(-1)).toMatchObject({
      prompt: 'review',
      outcome: 'invalid_arguments',
    });
  });

  it('answers for what is hidden and what is missing alike', async () => {
    const unknown = await refusal('no-such-prompt');
    expect(unknown).toMatchObject({ code: -32602, data: undefined });
    for (const name of ['audit', 'Greet', 'greet ', '', '__proto__', 'toString']) {
      expect(await refusal(name)).toEqual(unknown);
    }
    expect((await admin.getPrompt({ name: 'audit' })).messages).toHaveLength(1);
  });

  it('hands on what a ToolError says', async () => {
    expect(await refusal('fail', { how: 'told' })).toEqual({
      code: -32603,
      message: 'There is no such template: ask for one of a, b or c',
      data: undefined,
    });
    expect(logs.events('call.ended').at(-1)).toMatchObject({ prompt: 'fail', outcome: 'tool_error' });
  });

  it.each(['thrown', 'misshapen'])('keeps other failures to itself: %s', async (how) => {
    const { code, message } = await refusalOf(viewer.getPrompt({ name: 'fail', arguments: { how } }));
    expect(code).toBe(-32603);
    const [, reference] = /^fail failed; the server's log has it as ([\w-]{36})$/.exec(message)!;
    expect(logs.events('call.failed').at(-1)).toMatchObject({ prompt: 'fail', reference });
    expect(logs.events('call.ended').at(-1)).toMatchObject({ outcome: 'error' });
  });

  it('gives one up that takes too long', async () => {
    expect(await refusal('fail', { how: 'slow' })).toEqual({
      code: -32603,
      message: 'fail: The call took longer than it may',
      data: undefined,
    });
    expect(logs.events('call.ended').at(-1)).toMatchObject({ prompt: 'fail', outcome: 'timeout' });
  });

  it('gains and loses prompts while it runs', async () => {
    const registry = app.app.get(PromptRegistry);
    const args = z.object({ who: z.string() });
    registry.add({ name: 'late', args }, { render: ({ who }) => `Hello ${who}` });
    // A client of the newest revision may keep a list for its `ttlMs`; this one has none yet.
    const newcomer = await connect(app.url, await app.token('alice'));
    expect(await namesOf(newcomer)).toContain('late');
    await newcomer.close();
    expect(await get('late', { who: 'you' })).toEqual({
      description: undefined,
      messages: [{ role: 'user', content: { type: 'text', text: 'Hello you' } }],
    });
    expect(registry.remove('late')).toBe(true);
    expect(registry.remove('late')).toBe(false);
    expect(await refusal('late')).toEqual(await refusal('no-such-prompt'));
  });
});

describe('a long list', () => {
  it.each(SDK_CLIENTS)('comes in pages: $name', async ({ connect }) => {
    const registry = app.app.get(PromptRegistry);
    const names = Array.from({ length: 1_500 }, (_, index) => `many-${String(index).padStart(4, '0')}`);
    for (const name of names) registry.add({ name }, { render: () => name });
    const client = await connect(app.url, await app.token('alice'));
    const listed: string[] = [];
    let cursor: string | undefined;
    do {
      // The client of SDK v2 goes through the pages by itself unless it is given a cursor.
      const page = await client.listPrompts(cursor === undefined ? undefined : { cursor });
      listed.push(...page.prompts.map(({ name }) => name));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(listed.filter((name) => name.startsWith('many-'))).toEqual(names);
    expect(listed).toHaveLength(1_504);
    await client.close();
    for (const name of names) registry.remove(name);
  });
});
