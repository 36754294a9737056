import { type CallContext, SessionDrain, ToolRegistry } from '../../src/mcp/index.js';
import { Gate } from '../support/gate.tool.js';
import { ERA_TOOLS } from '../support/era.tools.js';
import { eventsOf, McpEndpoint, type NumberedEvent } from '../support/mcp-endpoint.js';
import { PollingTool } from '../support/polling.tool.js';
import { STREAMABLE_SDKS, watchGets } from '../support/streamable-sdk.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

type DynamicHandler = (input: unknown, context: CallContext) => string | Promise<string>;

let app: TestApp;
let token: string;
let added = 0;
let keys = 0;

beforeAll(async () => {
  app = await startApp({}, [...ERA_TOOLS, PollingTool]);
  token = await app.token();
});

afterAll(() => app.close());

const held = (key: string) => app.app.get(Gate, { strict: false }).held(key);
const open = (version?: string): Promise<McpEndpoint> => McpEndpoint.open(app.url, token, version);

function addTool(execute: DynamicHandler = () => 'done'): void {
  added += 1;
  const name = `more-${added}`;
  app.app.get(ToolRegistry, { strict: false }).add({ name, description: name }, { execute });
}

async function all(response: Response): Promise<NumberedEvent[]> {
  const taken: NumberedEvent[] = [];
  for await (const event of eventsOf(response)) taken.push(event);
  return taken;
}

/** A call that has reported progress and waits. */
async function announced(endpoint: McpEndpoint, id: number): Promise<{ response: Response; key: string }> {
  keys += 1;
  const key = `ended ${keys}`;
  const params = { name: 'announced', arguments: { key }, _meta: { progressToken: key } };
  const response = await endpoint.call(id, 'tools/call', params);
  await held(key);
  return { response, key };
}

function cancel(endpoint: McpEndpoint, requestId: number): Promise<Response> {
  return endpoint.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } });
}

describe.each(STREAMABLE_SDKS)('$name', ({ connect }) => {
  it('comes back once after each cancelled call, and hears every change once', async () => {
    const gets = watchGets(app.app.getHttpServer());
    const client = await connect(app.url, token);
    await until(() => gets.length === 1);
    for (const time of [1, 2]) {
      const leaving = new AbortController();
      keys += 1;
      const options = { signal: leaving.signal, onprogress: () => leaving.abort() };
      const call = client.call('announced', { key: `sdk ${keys}` }, options);
      await expect(call).rejects.toThrow();
      // A second passes before it comes back: what the call before this one has left behind has come by then.
      await until(() => gets.filter(({ status }) => status === 204).length === time);
    }
    expect(gets.map(({ lastEventId }) => lastEventId?.split('-')[0])).toEqual([undefined, 'reply', 'reply']);
    for (let time = 1; time <= 3; time += 1) {
      addTool();
      await until(() => client.notices.length === time);
    }
    await client.call('echo', { message: 'after all of them' });
    expect(client.notices).toEqual(Array(3).fill('notifications/tools/list_changed'));
  });

  it('gets the reply of a call that ends its connection twice', async () => {
    const client = await connect(app.url, token);
    const gets = watchGets(app.app.getHttpServer());
    const cameBack = (): number => gets.filter(({ lastEventId }) => lastEventId !== undefined).length;
    const execute = async (_input: unknown, context: CallContext): Promise<string> => {
      await until(() => {
        context.closeStream();
        return cameBack() === 2;
      });
      return 'at last';
    };
    addTool(execute);
    expect(await client.call(`more-${added}`)).toMatchObject({ content: [{ text: 'at last' }] });
  });
});

describe('a reply stream that has ended', () => {
  /** Each ends a stream, and resolves with the last id that its client has. */
  const ways: [string, string, () => Promise<[McpEndpoint, string]>][] = [
    ...['2025-06-18', '2025-11-25'].map((version): [string, string, () => Promise<[McpEndpoint, string]>] => [
      'by a cancellation',
      version,
      async () => {
        const endpoint = await open(version);
        const { response } = await announced(endpoint, 1);
        await cancel(endpoint, 1);
        return [endpoint, (await all(response)).at(-1)!.id];
      },
    ]),
    [
      'by a cancellation while its client was away',
      '2025-11-25',
      async () => {
        const endpoint = await open();
        const [primer] = await all(await endpoint.call(1, 'tools/call', { name: 'poll' }));
        await cancel(endpoint, 1);
        return [endpoint, primer!.id];
      },
    ],
    [
      'by the cancellation of all of a batch',
      '2025-03-26',
      async () => {
        const endpoint = await open('2025-03-26');
        const batch = [1, 2].map((id) => {
          const params = {
            name: 'announced',
            arguments: { key: `batch ${id}` },
            _meta: { progressToken: id },
          };
          return { jsonrpc: '2.0', id, method: 'tools/call', params };
        });
        const response = await endpoint.post(batch);
        for (const id of [1, 2]) {
          await held(`batch ${id}`);
          await cancel(endpoint, id);
        }
        return [endpoint, (await all(response)).at(-1)!.id];
      },
    ],
    [
      'by a reply that the client has',
      '2025-11-25',
      async () => {
        const endpoint = await open();
        const { response, key } = await announced(endpoint, 1);
        (await held(key)).release('done');
        const events = await all(response);
        expect(JSON.parse(events.at(-1)!.data)).toMatchObject({ id: 1, result: {} });
        return [endpoint, events.at(-1)!.id];
      },
    ],
  ];

  it.each(ways)('%s has nothing left for its client: %s', async (_way, _version, end) => {
    const [endpoint, lastId] = await end();
    let again = await endpoint.get({ 'Last-Event-ID': lastId });
    let text = await again.text();
    // A client that is quicker than the end of its stream is given the id of that end, and comes once more.
    const endId = /^id: (\S+\.end)\ndata: \n\n$/.exec(text)?.[1];
    if (endId !== undefined) {
      again = await endpoint.get({ 'Last-Event-ID': endId });
      text = await again.text();
    }
    expect([again.status, text]).toEqual([204, '']);
  });

  it('gives what a client has missed, and then nothing', async () => {
    const endpoint = await open();
    const { response, key } = await announced(endpoint, 1);
    (await held(key)).release('done');
    const [primer, ...rest] = await all(response);
    const again = await all(await endpoint.get({ 'Last-Event-ID': primer!.id }));
    expect(again).toEqual(rest);
    expect((await endpoint.get({ 'Last-Event-ID': again.at(-1)!.id })).status).toBe(204);
  });
});

it('leaves the standalone stream as it is when the rest of a reply is asked for', async () => {
  const endpoint = await open();
  const standalone = await endpoint.get();
  const { response, key } = await announced(endpoint, 1);
  const { value: primer } = await eventsOf(response).next();
  const resumed = await endpoint.get({ 'Last-Event-ID': (primer as NumberedEvent).id });
  addTool();
  (await held(key)).release('done');
  const replies = (await all(resumed)).filter(({ data }) => data.includes('"result"'));
  expect(replies).toHaveLength(1);
  await endpoint.delete();
  const methods = (await all(standalone)).map(({ data }) => data.match(/list_changed/)?.[0]);
  expect(methods).toEqual([undefined, 'list_changed']);
});

// The last: the application takes no calls after it.
it('says when to come back only where the server ends a connection early', async () => {
  const [older, newer] = [await open('2025-06-18'), await open()];
  const streams = [await older.get(), await newer.get()];
  const { response, key } = await announced(newer, 1);
  (await held(key)).release('done');
  expect(await response.text()).not.toContain('retry');
  await app.app.get(SessionDrain, { strict: false }).run(0);
  const [silent, told] = await Promise.all(streams.map((stream) => stream.text()));
  expect(silent).toBe('');
  expect(told).toMatch(/^id: \S+\ndata: \n\nretry: \d{3,4}\n\n$/);
});
