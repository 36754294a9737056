import { z } from 'zod';
import { type CallContext, Prompt, type McpPrompt, type McpTool, Tool } from '../../src/mcp/index.js';
import { ENVELOPE, ERAS, type EraClient } from '../support/eras/index.js';
import { tokenOf } from '../support/forge.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import type { Reply } from '../support/raw-session.js';
import { StatelessClient, type StatelessReply, textIn } from '../support/eras/index.js';
import { startApp, type TestApp } from '../support/test-app.js';

const input = z.object({ maybe: z.string().nullable(), list: z.array(z.unknown()) });

@Tool({ name: 'nullable', description: 'Says what it was given.', input })
class NullableTool implements McpTool<typeof input> {
  execute(given: z.infer<typeof input>): string {
    return JSON.stringify(given);
  }
}

@Tool({ name: 'asking', description: 'Asks for a name.' })
class AskingTool implements McpTool {
  async execute(_input: unknown, context: CallContext): Promise<string> {
    const schema = z.object({ name: z.string().optional() });
    const { action, content } = await context.elicit({ key: 'who', message: 'Who?', schema });
    return JSON.stringify({ action, content });
  }
}

const topic = z.object({ topic: z.string().optional() });

@Prompt({ name: 'about', description: 'A prompt about a topic.', args: topic })
class AboutPrompt implements McpPrompt<typeof topic> {
  render({ topic: about }: z.infer<typeof topic>): string {
    return `about ${about ?? 'nothing'}`;
  }
}

let app: TestApp;
beforeAll(async () => {
  app = await startApp({}, [NullableTool, AskingTool, AboutPrompt]);
});
afterAll(() => app.close());

describe.each(ERAS)('$name', (era) => {
  const isModern = era.revision === '2026-07-28';
  let client: EraClient;
  beforeAll(async () => {
    client = await era.connect(app.url, tokenOf('alice'));
  });
  afterAll(() => client.close());

  let serial = 0;
  /** Sends a request with exactly these parameters, and the envelope where the revision has one. */
  const ask = async (method: string, params: unknown): Promise<Reply> => {
    const id = `absent-${(serial += 1)}`;
    const { _meta: meta } = (params ?? {}) as { readonly _meta?: object | null };
    const all = isModern ? { ...(params as object), _meta: { ...ENVELOPE, ...meta } } : params;
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params: all });
    return client.replyTo(id, await client.send(body));
  };

  it.each<readonly [string, string, unknown]>([
    ['params', 'tools/list', null],
    ['params as a list', 'tools/list', []],
    ['a cursor', 'tools/list', { cursor: null }],
    ['_meta', 'tools/list', { _meta: null }],
    ['_meta as a list', 'tools/list', { _meta: [] }],
    ['a progress token', 'tools/list', { _meta: { progressToken: null } }],
    ['arguments', 'tools/call', { name: 'test', arguments: null }],
    ['arguments as a list', 'tools/call', { name: 'test', arguments: [] }],
    ['what belongs to rounds', 'tools/call', { name: 'test', requestState: null, inputResponses: null }],
    ['no rounds, as a list', 'tools/call', { name: 'test', inputResponses: [] }],
    ['arguments of a prompt', 'prompts/get', { name: 'about', arguments: null }],
    ['arguments of a prompt as a list', 'prompts/get', { name: 'about', arguments: [] }],
    ['an argument of a prompt', 'prompts/get', { name: 'about', arguments: { topic: null } }],
    ...[null, [], { arguments: null }, { arguments: [] }, { arguments: { other: null } }].map(
      (context) =>
        [
          `a context ${JSON.stringify(context)}`,
          'completion/complete',
          {
            ref: { type: 'ref/prompt', name: 'about', title: null },
            argument: { name: 'topic', value: '' },
            context,
          },
        ] as const,
    ),
    ['a cursor of resources', 'resources/list', { cursor: null, _meta: null }],
  ])('reads %s as absent', async (_what, method, params) => {
    expect(await ask(method, params)).toMatchObject({ result: expect.any(Object) });
  });

  it('leaves what is in the arguments of a tool to the tool', async () => {
    const given = { maybe: null, list: [null, [], {}] };
    const { result } = await ask('tools/call', { name: 'nullable', arguments: given });
    expect(result).toMatchObject({ content: [{ text: JSON.stringify(given) }] });
  });

  it('takes notifications whose parameters, or whose id, are null', async () => {
    for (const params of [null, [], { requestId: 'none', reason: null }]) {
      for (const id of [{}, { id: null }]) {
        const body = JSON.stringify({ jsonrpc: '2.0', ...id, method: 'notifications/cancelled', params });
        expect((await client.send(body)).status).toBe(202);
      }
    }
  });

  it('has a fractional progress token', async () => {
    expect(await ask('tools/call', { name: 'test', _meta: { progressToken: 0.5 } })).toHaveProperty('result');
  });
});

const CLIENT = { name: 'c', version: '1', title: null, icons: null, websiteUrl: null };

describe('what a client says of itself', () => {
  it.each([
    [CLIENT, { roots: [], sampling: null, elicitation: [], experimental: null }],
    [{ ...CLIENT, icons: [] }, []],
    [
      { ...CLIENT, icons: [{ src: 'https://x.example/i.png', mimeType: null, sizes: null }] },
      {
        roots: { listChanged: null },
        sampling: { tools: [], context: null },
        elicitation: { form: [], url: null },
      },
    ],
    [CLIENT, { experimental: { x: [] }, tasks: { list: [], requests: { sampling: { createMessage: [] } } } }],
  ])('is read by initialize and by 2026-07-28: %j %j', async (clientInfo, capabilities) => {
    const endpoint = new McpEndpoint(app.url, await app.token());
    const params = { protocolVersion: '2025-11-25', capabilities, clientInfo, _meta: null };
    const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params };
    expect(await (await endpoint.post(initialize)).json()).toHaveProperty('result');
    const prefix = 'io.modelcontextprotocol/';
    const meta = {
      [`${prefix}protocolVersion`]: '2026-07-28',
      [`${prefix}clientInfo`]: clientInfo,
      [`${prefix}clientCapabilities`]: capabilities,
      [`${prefix}logLevel`]: null,
    };
    const list = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: meta, cursor: null } };
    const headers = { 'Mcp-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/list' };
    expect(await (await endpoint.post(list, headers)).json()).toHaveProperty('result');
  });

  it('may leave its clientInfo of 2026-07-28 null, and a capability that is null is none', async () => {
    const calls = new StatelessClient(app.url, tokenOf('alice'), { elicitation: null });
    expect((await calls.callTool('asking')).error).toMatchObject({ code: -32021 });
  });
});

describe('an answer of the client', () => {
  const ANSWERS = [
    [
      { action: 'accept', content: { name: 'Al' }, _meta: null },
      { action: 'accept', content: { name: 'Al' } },
    ],
    [
      { action: 'accept', content: { name: null } },
      { action: 'accept', content: {} },
    ],
    [
      { action: 'accept', content: [] },
      { action: 'accept', content: {} },
    ],
    [{ action: 'decline', content: null }, { action: 'decline' }],
  ] as const;

  it.each(ANSWERS)('is read in a session: %j', async (result, expected) => {
    const endpoint = new McpEndpoint(app.url, tokenOf('alice'));
    const clientInfo = { name: 'c', version: '1' };
    const params = { protocolVersion: '2025-06-18', capabilities: { elicitation: [] }, clientInfo };
    const opened = await endpoint.call('init', 'initialize', params);
    endpoint.sessionId = opened.headers.get('mcp-session-id')!;
    await opened.text();
    const called = await endpoint.call('ask', 'tools/call', { name: 'asking' });
    let text = '';
    for await (const chunk of called.body!.pipeThrough(new TextDecoderStream())) {
      const isFirst = !text.includes('elicitation/create');
      text += chunk;
      if (!isFirst || !text.includes('elicitation/create')) continue;
      const id = /"id":"([^"]+)"/.exec(text)![1];
      // As serializers write it that know no absence.
      const answer = { jsonrpc: '2.0', id, method: null, params: null, result, error: null };
      expect((await endpoint.post(answer)).status).toBe(202);
    }
    expect(text).toContain(JSON.stringify(JSON.stringify(expected)));
  });

  it.each(ANSWERS)('is read in 2026-07-28: %j', async (result, expected) => {
    const calls = StatelessClient.askable(app.url, tokenOf('alice'));
    const { requestState } = await calls.askedBy('asking', { arguments: null });
    const envelope = { ...ENVELOPE, 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } };
    const answers = { requestState, inputResponses: { who: result, other: null } };
    // The same as null was before: no arguments.
    const params = { name: 'asking', arguments: [], ...answers, _meta: envelope };
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
    const answer = await calls.send(JSON.stringify(message));
    const reply = { ...answer, ...(answer.json as StatelessReply) };
    expect(textIn(reply)).toBe(JSON.stringify(expected));
  });
});

describe('a malformed message of a batch', () => {
  const BATCH = [
    { jsonrpc: '2.0', id: 1, method: 'ping', params: null },
    { jsonrpc: '2.0', id: 2, method: 5 },
    7,
    { jsonrpc: '2.0', id: 'x', method: 'ping', params: 'x' },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', id: 3, method: 'ping' },
  ];
  const REPLIES = [
    [1, undefined],
    [3, undefined],
    [2, -32600],
    [null, -32600],
    ['x', -32600],
  ];

  it('fails alone', async () => {
    const endpoint = await McpEndpoint.open(app.url, tokenOf('alice'), '2025-03-26');
    const replies = (await (await endpoint.post(BATCH)).json()) as Reply[];
    expect(replies.map(({ id, error }) => [id, error?.code])).toEqual(REPLIES);
    const none = (await (await endpoint.post([1])).json()) as Reply[];
    expect(none).toMatchObject([{ id: null, error: { code: -32600 } }]);
  });
});
