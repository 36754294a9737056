import { z } from 'zod';
import { type CallContext, type McpTool, Tool } from '../../src/mcp/index.js';
import { eventsOf, McpEndpoint } from '../support/mcp-endpoint.js';
import { startApp, type TestApp } from '../support/test-app.js';

const input = z.object({ close: z.boolean().default(false) });

@Tool({ name: 'ask', description: 'Says how far it is, and asks.', input })
class AskingTool implements McpTool<typeof input> {
  async execute({ close }: z.infer<typeof input>, context: CallContext): Promise<string> {
    context.progress(1);
    if (close) context.closeStream();
    const { content } = await context.elicit({
      key: 'name',
      message: 'Who?',
      schema: z.object({ name: z.string() }),
    });
    return `Hello, ${content?.name}!`;
  }
}

let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await startApp({}, [AskingTool]);
  token = await app.token();
});

afterAll(() => app.close());

interface Message {
  readonly id?: string;
  readonly method?: string;
  readonly result?: unknown;
}

const NAMED = { action: 'accept', content: { name: 'Alice' } };
const HELLO = { content: [{ type: 'text', text: 'Hello, Alice!' }] };
const progress = { progressToken: 'p' };

async function open(): Promise<McpEndpoint> {
  const endpoint = new McpEndpoint(app.url, token);
  const response = await endpoint.call('init', 'initialize', {
    protocolVersion: '2025-11-25',
    capabilities: { elicitation: {} },
    clientInfo: { name: 'by-hand', version: '1' },
  });
  endpoint.sessionId = response.headers.get('mcp-session-id')!;
  await response.text();
  return endpoint;
}

/** Reads a stream to its end, and does `onQuestion` for each request of the server. */
async function read(response: Response, onQuestion?: (id: string) => Promise<void>): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const { data } of eventsOf(response)) {
    if (data === '') continue;
    const message = JSON.parse(data) as Message;
    messages.push(message);
    if (message.method !== undefined && message.id !== undefined) await onQuestion?.(message.id);
  }
  return messages;
}

/** The messages of a stream that has ended. */
function sent(text: string): Message[] {
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as Message);
}

const kinds = (messages: Message[]): unknown[] => messages.map(({ method, result }) => method ?? result);

describe('a question over /mcp', () => {
  it('turns the reply into a stream, and is answered by a POST of its own, of its own session', async () => {
    const [endpoint, other] = [await open(), await open()];
    const response = await endpoint.call(1, 'tools/call', { name: 'ask', _meta: progress });
    const messages = await read(response, async (id) => {
      const intruder = await other.post({ jsonrpc: '2.0', id, result: { action: 'decline' } });
      expect(intruder.status).toBe(202);
      const answered = await endpoint.post({ jsonrpc: '2.0', id, result: NAMED });
      expect(answered.status).toBe(202);
    });
    expect(kinds(messages)).toEqual(['notifications/progress', 'elicitation/create', HELLO]);
  });

  it('reaches a client that comes back after its connection was closed', async () => {
    const endpoint = await open();
    const first = await endpoint.call(1, 'tools/call', {
      name: 'ask',
      arguments: { close: true },
      _meta: progress,
    });
    const text = await first.text();
    const lastId = text
      .match(/^id: (\S+)$/gm)!
      .at(-1)!
      .slice('id: '.length);
    const rest = await endpoint.get({ 'Last-Event-ID': lastId });
    const messages = await read(rest, async (id) => {
      await endpoint.post({ jsonrpc: '2.0', id, result: NAMED });
    });
    expect(kinds(messages)).toEqual(['elicitation/create', HELLO]);
  });

  it('ends a stream of 2026-07-28 that has begun', async () => {
    const prefix = 'io.modelcontextprotocol/';
    const meta = {
      ...progress,
      [`${prefix}protocolVersion`]: '2026-07-28',
      [`${prefix}clientCapabilities`]: { elicitation: {} },
    };
    const call = async (params: object): Promise<string> => {
      const message = { name: 'ask', arguments: {}, ...params, _meta: meta };
      const headers = {
        'MCP-Protocol-Version': '2026-07-28',
        'Mcp-Method': 'tools/call',
        'Mcp-Name': 'ask',
      };
      const endpoint = new McpEndpoint(app.url, token);
      const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: message };
      return (await endpoint.post(body, headers)).text();
    };
    const first = sent(await call({}));
    expect(kinds(first)).toEqual([
      'notifications/progress',
      expect.objectContaining({
        resultType: 'input_required',
        inputRequests: { name: expect.objectContaining({ method: 'elicitation/create' }) },
      }),
    ]);
    const { requestState } = first[1]!.result as { requestState: string };
    const second = sent(await call({ requestState, inputResponses: { name: NAMED } }));
    expect(kinds(second)).toEqual(['notifications/progress', expect.objectContaining(HELLO)]);
  });
});
