import { z } from 'zod';
import { type CallContext, type McpTool, Tool } from '../../src/mcp/index.js';
import { ENVELOPE } from '../support/eras/index.js';
import { eventsOf, McpEndpoint } from '../support/mcp-endpoint.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { send } from '../support/wire.js';

@Tool({ name: 'chatty', description: 'Sends progress and a log message before its result.' })
class ChattyTool implements McpTool {
  execute(_input: unknown, context: CallContext): string {
    context.progress(1);
    context.log('error', 'underway');
    return 'done';
  }
}

@Tool({ name: 'asking', description: 'Asks for a name.' })
class AskingTool implements McpTool {
  async execute(_input: unknown, context: CallContext): Promise<string> {
    const { content } = await context.elicit({ message: 'Who?', schema: z.object({ name: z.string() }) });
    return `Hello, ${content?.name}!`;
  }
}

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await startApp({}, [ChattyTool, AskingTool]);
  token = await app.token();
});
afterAll(() => app.close());

const PROGRESS = { progressToken: 'p' };
const DONE = { content: [{ type: 'text', text: 'done' }] };
const initialize = (protocolVersion: string) => ({
  jsonrpc: '2.0',
  id: 'init',
  method: 'initialize',
  params: {
    protocolVersion,
    capabilities: { elicitation: {} },
    clientInfo: { name: 'by-hand', version: '1' },
  },
});

const chat = (meta: object = PROGRESS) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'chatty', _meta: meta },
});

/** A call of 2026-07-28 and the headers that repeat it. */
const stateless = (method: string, params: object, name?: string) =>
  [
    { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: { ...PROGRESS, ...ENVELOPE } } },
    {
      'Mcp-Protocol-Version': '2026-07-28',
      'Mcp-Method': method,
      ...(name === undefined ? {} : { 'Mcp-Name': name }),
    },
  ] as const;

/** Opens a session by an initialize that accepts `accept`. */
async function open(accept?: string, version = '2025-11-25'): Promise<McpEndpoint> {
  const endpoint = new McpEndpoint(app.url, token);
  const response = await endpoint.post(initialize(version), accept === undefined ? {} : { Accept: accept });
  expect(response.status).toBe(200);
  endpoint.sessionId = response.headers.get('mcp-session-id') ?? undefined;
  await response.text();
  return endpoint;
}

describe('the Accept of a POST', () => {
  let endpoint: McpEndpoint;
  beforeAll(async () => {
    endpoint = await open();
  });

  const typeFor = async (...accept: string[]): Promise<string | undefined> => {
    const { status, headers } = await send(`${app.url}/mcp`, {
      method: 'POST',
      token,
      headers: [
        ...accept.flatMap((value) => ['Accept', value]),
        'Content-Type',
        'application/json',
        'Mcp-Session-Id',
        endpoint.sessionId!,
      ],
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    });
    return status === 200 ? headers['content-type']!.split(';')[0] : String(status);
  };

  it.each([
    [[]],
    [['*/*']],
    [['application/*, text/*']],
    [['application/json']],
    [['APPLICATION/JSON, Text/Event-Stream']],
    [['application/json;charset=utf-8, text/event-stream;charset=utf-8']],
    [['application/json; profile="a,b"']],
    [['text/event-stream;q=0, */*']],
    [['text/event-stream', 'application/json;q=0.1']],
    [['text/html, */*;q=0.1']],
  ])('%j allows JSON', async (accept) => expect(await typeFor(...accept)).toBe('application/json'));

  it.each([
    ['text/event-stream'],
    ['text/*'],
    ['application/json;q=0, */*'],
    ['application/*;q=0.0, text/*'],
  ])('%s allows a stream alone', async (accept) => expect(await typeFor(accept)).toBe('text/event-stream'));

  it.each([
    ['text/html'],
    ['*/*;q=0'],
    ['application/json;q=0'],
    ['text/event-stream;q=0'],
    ['application/jsonp, text/event-streams'],
    ['x-application/json, text/event-stream-x'],
  ])('%s allows neither', async (accept) => expect(await typeFor(accept)).toBe('406'));
});

describe('a client that accepts JSON alone', () => {
  const JSON_ALONE = { Accept: 'application/json' };

  it('gets JSON for a call of a session that sends something ahead', async () => {
    const endpoint = await open('application/json');
    const response = await endpoint.post(chat(), JSON_ALONE);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ jsonrpc: '2.0', id: 1, result: DONE });
  });

  it('gets JSON for a call of 2026-07-28 that sends something ahead', async () => {
    const [body, headers] = stateless('tools/call', { name: 'chatty' }, 'chatty');
    const response = await new McpEndpoint(app.url, token).post(body, { ...headers, ...JSON_ALONE });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toMatchObject({ id: 1, result: DONE });
  });

  it('is told that it cannot be asked, where it has no stream', async () => {
    const endpoint = await open('application/json');
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'asking' } };
    const response = await endpoint.post(call, JSON_ALONE);
    expect(await response.json()).toMatchObject({
      result: { isError: true, content: [{ text: expect.stringContaining('cannot be asked') }] },
    });
  });

  it('is asked on its standalone stream, where it has one', async () => {
    const endpoint = await open('application/json');
    const left = new AbortController();
    const stream = await endpoint.get({}, left.signal);
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'asking' } };
    const replied = endpoint.post(call, JSON_ALONE);
    for await (const { data } of eventsOf(stream)) {
      if (data === '') continue;
      const { id, method } = JSON.parse(data) as { id: string; method: string };
      expect(method).toBe('elicitation/create');
      const result = { action: 'accept', content: { name: 'Alice' } };
      await (await endpoint.post({ jsonrpc: '2.0', id, result })).text();
      break;
    }
    expect(await (await replied).json()).toMatchObject({ result: { content: [{ text: 'Hello, Alice!' }] } });
    left.abort();
  });

  it('is refused where nothing but a stream can answer', async () => {
    const endpoint = await open();
    const [body, headers] = stateless('subscriptions/listen', { notifications: { toolsListChanged: true } });
    const Authorization = `Bearer ${token}`;
    const answers = [
      await endpoint.get(JSON_ALONE),
      await fetch(`${app.url}/sse`, { headers: { ...JSON_ALONE, Authorization } }),
      await new McpEndpoint(app.url, token).post(body, { ...headers, ...JSON_ALONE }),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(406);
      expect(await answer.json()).toMatchObject({
        error: { message: expect.stringContaining('text/event-stream') },
      });
    }
  });
});

/** The messages of a stream that ends. */
async function messagesOf(response: Response): Promise<unknown[]> {
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: {'));
  return lines.map((line) => JSON.parse(line.slice('data: '.length)) as unknown);
}

describe('a client that accepts a stream alone', () => {
  const STREAM_ALONE = { Accept: 'text/event-stream' };

  it.each(['2025-03-26', '2025-11-25'])('gets its session of %s and each reply on one', async (version) => {
    const endpoint = await open('text/event-stream', version);
    expect(endpoint.sessionId).toBeDefined();
    const ping = { jsonrpc: '2.0', id: 2, method: 'ping' };
    expect(await messagesOf(await endpoint.post(ping, STREAM_ALONE))).toEqual([
      { jsonrpc: '2.0', id: 2, result: {} },
    ]);
    const note = { jsonrpc: '2.0', method: 'notifications/initialized' };
    expect((await endpoint.post(note, STREAM_ALONE)).status).toBe(202);
  });

  it('gets a reply of 2026-07-28 on one', async () => {
    const [body, headers] = stateless('tools/call', { name: 'test' }, 'test');
    const response = await new McpEndpoint(app.url, token).post(body, { ...headers, ...STREAM_ALONE });
    expect(await messagesOf(response)).toMatchObject([{ id: 1, result: { resultType: 'complete' } }]);
  });
});
