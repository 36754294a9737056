import { Gate, GATED } from '../support/gate.tool.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { statelessCall } from '../support/eras/index.js';
import { startApp, type TestApp } from '../support/test-app.js';

let app: TestApp;
let token: string;
let keys = 0;

beforeAll(async () => {
  app = await startApp({ HEARTBEAT: '200ms' }, GATED);
  token = await app.token();
});

afterAll(() => app.close());

const BOTH = 'application/json, text/event-stream';
const held = (key: string) => app.app.get(Gate, { strict: false }).held(key);
const newKey = (): string => `long ${(keys += 1)}`;
const wait = (key: string) => ({ name: 'wait', arguments: { key } });
const request = (id: number, key: string) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: wait(key),
});
const typeOf = (response: Response): string => response.headers.get('content-type')!.split(';')[0]!;

/** Posts calls that wait, in the way of one revision. */
type Post = (id: number, key: string, accept?: string) => Promise<Response>;

const ERAS: [string, () => Promise<Post>][] = [
  ...['2025-03-26', '2025-06-18', '2025-11-25'].map((version): [string, () => Promise<Post>] => [
    version,
    async () => {
      const endpoint = await McpEndpoint.open(app.url, token, version);
      return (id, key, accept = BOTH) => endpoint.post(request(id, key), { Accept: accept });
    },
  ]),
  [
    '2026-07-28',
    async () => {
      const endpoint = new McpEndpoint(app.url, token);
      return (id, key, accept = BOTH) => {
        const { body, headers } = statelessCall(id, wait(key));
        return endpoint.post(body, { ...headers, Accept: accept });
      };
    },
  ],
];

/** Reads until a comment has come, and returns what came by then. */
async function toComment(reader: ReadableStreamDefaultReader<string>): Promise<string> {
  let text = '';
  while (!text.includes(': heartbeat\n\n')) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`it ended: ${text}`);
    text += value;
  }
  return text;
}

async function toEnd(reader: ReadableStreamDefaultReader<string>): Promise<string> {
  let text = '';
  for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
  return text;
}

function messagesIn(text: string): unknown[] {
  return [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => JSON.parse(data!) as unknown);
}

describe.each(ERAS)('a call of %s', (_version, connect) => {
  it('becomes a stream when it takes longer than a heartbeat, and is kept alive by comments', async () => {
    const post = await connect();
    const key = newKey();
    // The head has come before the call has answered.
    const response = await post(1, key);
    expect(typeOf(response)).toBe('text/event-stream');
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    await toComment(reader);
    await toComment(reader);
    (await held(key)).release('late');
    expect(messagesIn(await toEnd(reader))).toMatchObject([
      { id: 1, result: { content: [{ text: 'late' }] } },
    ]);
  });

  it('is answered in JSON when it takes less, and where the client accepts nothing else', async () => {
    const post = await connect();
    const [quick, only, late] = [newKey(), newKey(), newKey()];
    const soon = post(1, quick);
    (await held(quick)).release('soon');
    expect(typeOf(await soon)).toBe('application/json');
    const json = post(2, only, 'application/json');
    await held(only);
    // It began later, and is a stream already.
    const stream = await post(3, late);
    expect(typeOf(stream)).toBe('text/event-stream');
    (await held(late)).release('late');
    (await held(only)).release('late too');
    const answer = await json;
    expect([typeOf(answer), await answer.json()]).toMatchObject(['application/json', { id: 2, result: {} }]);
    await stream.text();
  });
});

it('answers a batch on the stream that it has become, each request by itself', async () => {
  const endpoint = await McpEndpoint.open(app.url, token, '2025-03-26');
  const [first, second] = [newKey(), newKey()];
  const ping = { jsonrpc: '2.0', id: 'ping', method: 'ping' };
  const response = await endpoint.post([request(1, first), ping, request(2, second)]);
  for (const key of [first, second]) (await held(key)).release(key);
  expect(messagesIn(await response.text())).toMatchObject([{ id: 1 }, { id: 'ping' }, { id: 2 }]);
});

it('ends the stream of a call that is cancelled, and has nothing left for its client', async () => {
  const endpoint = await McpEndpoint.open(app.url, token);
  const response = await endpoint.post(request(1, newKey()));
  await endpoint.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
  const text = await response.text();
  expect(messagesIn(text)).toEqual([]);
  const lastId = [...text.matchAll(/^id: (.+)$/gm)].at(-1)![1]!;
  expect((await endpoint.get({ 'Last-Event-ID': lastId })).status).toBe(204);
});
