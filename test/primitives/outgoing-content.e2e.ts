import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { Client as Client11 } from 'sdk-1.11/client/index.js';
import { StreamableHTTPClientTransport as Streamable11 } from 'sdk-1.11/client/streamableHttp.js';
import { Client as Client7 } from 'sdk-1.7/client/index.js';
import { SSEClientTransport as Sse7 } from 'sdk-1.7/client/sse.js';
import { StdioTransport } from '../../src/mcp/index.js';
import { ERAS, type EraClient } from '../support/eras/index.js';
import { BLOCKS, MENDED, OUTGOING } from '../support/outgoing.tools.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';

let app: TestApp;
let logs: RecordedLogs;
beforeAll(async () => {
  app = await startApp({}, OUTGOING);
  logs = RecordedLogs.of(app);
});
afterAll(() => app.close());

interface Line {
  readonly params: { readonly data: unknown };
  readonly result: { readonly content: unknown; readonly messages: readonly { readonly content: unknown }[] };
}

const types = (blocks: unknown): string[] => (blocks as { type: string }[]).map(({ type }) => type);

/** The lines that stdio answers to these, after an `initialize`. */
async function overStdio(protocolVersion: string, ...requests: object[]): Promise<Line[]> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const service = app.app.get(StdioTransport).serve({ input, output, scopes: ['mcp:access'] });
  const clientInfo = { name: 'by-hand', version: '1' };
  const initialize = { method: 'initialize', params: { protocolVersion, capabilities: {}, clientInfo } };
  const messages = [initialize, ...requests].map((message, id) => ({ jsonrpc: '2.0', id, ...message }));
  input.end(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
  await once(input, 'close');
  await service.finish();
  const lines = String(output.read()).split('\n').slice(1, -1);
  return lines.map((line) => JSON.parse(line) as Line);
}

describe('content of a newer revision', () => {
  const SHOWN = {
    '2024-11-05': ['text', 'text', 'text', 'resource'],
    '2025-03-26': ['text', 'text', 'audio', 'resource'],
    '2025-06-18': ['text', 'resource_link', 'audio', 'resource'],
  };

  it('reaches SDK 1.7 over /sse as texts that name it', async () => {
    const headers = { Authorization: `Bearer ${await signToken()}` };
    const client = new Client7({ name: 'sdk-1.7', version: '1' });
    const withToken: typeof fetch = (url, init) =>
      fetch(url, { ...init, headers: { ...(init?.headers as Record<string, string>), ...headers } });
    await client.connect(
      new Sse7(new URL(`${app.url}/sse`), {
        eventSourceInit: { fetch: withToken },
        requestInit: { headers },
      }),
    );
    const { content } = await client.callTool({ name: 'newer' });
    expect(types(content)).toEqual(SHOWN['2024-11-05']);
    expect(JSON.stringify(content)).toMatch(/The report.*file:\/\/\/report\.pdf.*audio\/wav/);
    const { messages } = await client.getPrompt({ name: 'newer' });
    expect(types(messages.map((message) => message.content))).toEqual(SHOWN['2024-11-05']);
    await client.close();
  });

  it('reaches SDK 1.11 over /mcp with the audio that its revision has', async () => {
    const headers = { Authorization: `Bearer ${await signToken()}` };
    const client = new Client11({ name: 'sdk-1.11', version: '1' });
    await client.connect(new Streamable11(new URL(`${app.url}/mcp`), { requestInit: { headers } }));
    expect(types((await client.callTool({ name: 'newer' })).content)).toEqual(SHOWN['2025-03-26']);
    const { messages } = await client.getPrompt({ name: 'newer' });
    expect(types(messages.map((message) => message.content))).toEqual(SHOWN['2025-03-26']);
    await client.close();
  });

  it.each(Object.entries(SHOWN))('over stdio at %s', async (revision, shown) => {
    const [tool, prompt] = await overStdio(
      revision,
      { method: 'tools/call', params: { name: 'newer' } },
      { method: 'prompts/get', params: { name: 'newer' } },
    );
    expect(types(tool!.result.content)).toEqual(shown);
    expect(types(prompt!.result.messages.map((message) => message.content))).toEqual(shown);
  });

  it('stays as it is for the newest revisions', async () => {
    for (const { connect } of ERAS.slice(1)) {
      const client = await connect(app.url, await signToken());
      const { result } = await client.request(1, 'tools/call', { name: 'newer' });
      expect(result!['content']).toEqual(BLOCKS);
      client.close();
    }
  });
});

describe.each(ERAS)('half a surrogate pair: $name', ({ connect }) => {
  let client: EraClient;
  beforeAll(async () => {
    client = await connect(app.url, await signToken());
    await client.wantLogs('debug');
  });
  afterAll(() => client.close());

  it.each([
    ['tools/call', { name: 'halves', _meta: { progressToken: 't' } }],
    ['tools/call', { name: 'halves-in-structure' }],
    ['tools/call', { name: 'fails-halfway' }],
    ['resources/read', { uri: 'app://half' }],
    ['prompts/get', { name: 'half' }],
    ['prompts/get', { name: 'half', arguments: { fails: 'yes' } }],
  ])('%s %j sends U+FFFD for it', async (method, params) => {
    const reply = JSON.stringify([
      await client.request(`${method} ${JSON.stringify(params)}`, method, params),
    ]);
    // A lone surrogate would be an escape here, in a text within a text as well.
    expect(reply).not.toContain(String.raw`\ud83d`);
    expect(reply).toContain(MENDED);
  });

  it('in notifications too, names and all', () => {
    const notices = JSON.stringify(client.notices);
    expect(notices).not.toContain(String.raw`\ud83d`);
    expect(client.notices.map(({ params }) => params)).toEqual([
      expect.objectContaining({ progress: 1, message: MENDED }),
      { level: 'error', logger: MENDED, data: { [MENDED]: [MENDED] } },
    ]);
  });
});

it('half a surrogate pair over stdio goes out as U+FFFD', async () => {
  const [notice, reply] = await overStdio('2025-11-25', { method: 'tools/call', params: { name: 'halves' } });
  expect(notice!.params.data).toEqual({ [MENDED]: [MENDED] });
  expect(reply!.result.content).toEqual([{ type: 'text', text: MENDED }]);
});

describe('what the model of an older client is asked', () => {
  it('has one block a message, and the reason of a refusal is cut between characters', async () => {
    const asked: unknown[] = [];
    const transport = new StreamableHTTPClientTransport(new URL(`${app.url}/mcp`), {
      requestInit: { headers: { Authorization: `Bearer ${await signToken()}` } },
    });
    const client = new Client({ name: 'old', version: '1' }, { capabilities: { sampling: {} } });
    client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => {
      asked.push(params.messages);
      throw new Error('👍'.repeat(400));
    });
    const send = transport.send.bind(transport);
    transport.send = (message, options) => {
      if (!Array.isArray(message) && 'method' in message && message.method === 'initialize') {
        Object.assign(message.params!, { protocolVersion: '2025-03-26' });
      }
      return send(message, options);
    };
    await client.connect(transport);
    const { content, isError } = await client.callTool({ name: 'samples' });
    expect(asked).toEqual([[BLOCKS[0], BLOCKS[2]].map((block) => ({ role: 'user', content: block }))]);
    expect(isError).toBe(true);
    expect(JSON.stringify(content)).not.toMatch(/\\ud|\ufffd/);
    await client.close();
  });
});

describe.each(ERAS)('an error with structured content: $name', ({ connect }) => {
  it.each([
    ['fails-described', 'fitting', { total: 3 }],
    ['fails-described', 'misfit', undefined],
    ['fails-described', 'nothing', undefined],
    ['fails-described', 'bigint', undefined],
    ['fails-by-hand', 'misfit', { total: 'three' }],
    ['fails-by-hand', 'bigint', undefined],
  ])('%s, %s: its text goes out', async (name, structure, structuredContent) => {
    const client = await connect(app.url, await signToken());
    const dropped = logs.events('call.structure_dropped').length;
    const { result } = await client.request(1, 'tools/call', { name, arguments: { structure } });
    expect(result).toMatchObject({ isError: true, content: [{ type: 'text', text: 'what went wrong' }] });
    expect(result!['structuredContent']).toEqual(structuredContent);
    const isDropped = structuredContent === undefined;
    expect(logs.events('call.structure_dropped').length - dropped).toBe(isDropped ? 1 : 0);
    client.close();
  });
});
