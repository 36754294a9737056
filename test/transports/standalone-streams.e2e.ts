import { ToolRegistry } from '../../src/mcp/index.js';
import { eventsOf, McpEndpoint } from '../support/mcp-endpoint.js';
import { type BareTransport, STREAMABLE_SDKS, watchGets } from '../support/streamable-sdk.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

let app: TestApp;
let token: string;
let added = 0;

beforeAll(async () => {
  app = await startApp({ HEARTBEAT: '100ms' });
  token = await app.token();
});

afterAll(() => app.close());

const open = (version?: string): Promise<McpEndpoint> => McpEndpoint.open(app.url, token, version);

function addTool(): void {
  added += 1;
  const name = `further-${added}`;
  app.app.get(ToolRegistry, { strict: false }).add({ name, description: name }, { execute: () => name });
}

/** One of the streams of a session, read as it comes. */
class Listening {
  messages = 0;
  comments = 0;
  lastId: string | undefined;
  ended = false;
  private readonly leaving = new AbortController();

  static async open(endpoint: McpEndpoint, lastEventId?: string): Promise<Listening> {
    const listening = new Listening();
    const headers: Record<string, string> = lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId };
    const response = await endpoint.get(headers, listening.leaving.signal);
    void listening.read(response).catch(() => undefined);
    return listening;
  }

  leave(): void {
    this.leaving.abort();
  }

  private async read(response: Response): Promise<void> {
    const [forEvents, forComments] = response.body!.tee();
    void this.readComments(forComments).catch(() => undefined);
    for await (const { id, data } of eventsOf(new Response(forEvents))) {
      this.lastId = id;
      if (data !== '') this.messages += 1;
    }
    this.ended = true;
  }

  private async readComments(body: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of body.pipeThrough(new TextDecoderStream())) {
      this.comments += text.split(': heartbeat').length - 1;
    }
  }
}

const countsOf = (streams: readonly Listening[]): number[] => streams.map(({ messages }) => messages);

describe('several streams of one session for messages that belong to no request', () => {
  it.each(['2025-06-18', '2025-11-25'])(
    'stay open, the newest carries the messages, and an older one takes over: %s',
    async (version) => {
      const endpoint = await open(version);
      const streams = [
        await Listening.open(endpoint),
        await Listening.open(endpoint),
        await Listening.open(endpoint),
      ];
      const [oldest, older, newest] = streams as [Listening, Listening, Listening];
      addTool();
      await until(() => newest.messages === 1);
      newest.leave();
      // Until the server has heard of it the newest takes the messages: they wait for its client to come back.
      while (older.messages === 0) {
        addTool();
        await until(() => older.comments > 1);
        older.comments = 0;
      }
      const before = older.messages;
      addTool();
      await until(() => older.messages === before + 1 && oldest.comments > 1);
      expect(countsOf(streams)).toEqual([0, before + 1, 1]);
      expect(streams.map(({ ended }) => ended)).toEqual([false, false, false]);
      await endpoint.delete();
    },
  );

  it('give each message once to a client that comes back to all of them', async () => {
    const endpoint = await open();
    const [first, second] = [await Listening.open(endpoint), await Listening.open(endpoint)];
    addTool();
    await until(() => second.messages === 1 && first.lastId !== undefined);
    first.leave();
    second.leave();
    const again = [
      await Listening.open(endpoint, first.lastId),
      await Listening.open(endpoint, second.lastId),
    ];
    addTool();
    await until(() => again[1]!.messages === 1 && again[0]!.comments > 0);
    expect(countsOf(again)).toEqual([0, 1]);
    await endpoint.delete();
  });

  it('are four at most: the oldest ends for good', async () => {
    const endpoint = await open();
    const streams: Listening[] = [];
    for (let time = 0; time < 5; time += 1) streams.push(await Listening.open(endpoint));
    await until(() => streams[0]!.ended);
    expect((await endpoint.get({ 'Last-Event-ID': streams[0]!.lastId! })).status).toBe(204);
    addTool();
    await until(() => streams[4]!.messages === 1 && streams.slice(1).every(({ comments }) => comments > 0));
    expect(streams.map(({ ended }) => ended)).toEqual([true, false, false, false, false]);
    expect(countsOf(streams)).toEqual([0, 0, 0, 0, 1]);
    await endpoint.delete();
  });
});

it.each(STREAMABLE_SDKS)(
  '$name: more streams than there may be of one session do not end each other',
  async ({ join }) => {
    const endpoint = await open();
    const gets = watchGets(app.app.getHttpServer(), endpoint.sessionId);
    const transports: BareTransport[] = [];
    for (let opened = 1; opened <= 6; opened += 1) {
      transports.push(await join(app.url, token, endpoint.sessionId!));
      await until(() => gets.filter(({ lastEventId }) => lastEventId === undefined).length === opened);
      // The client of the stream that has ended comes back once, a second later.
      const ended = Math.max(0, opened - 4);
      await until(() => gets.filter(({ status }) => status === 204).length === ended);
    }
    expect(gets).toHaveLength(6 + 2);
    addTool();
    await until(() => transports.some(({ messages }) => messages.length > 0));
    await endpoint.request(1, 'ping');
    expect(transports.map(({ messages }) => messages.length)).toEqual([0, 0, 0, 0, 0, 1]);
    expect(transports.flatMap(({ errors }) => errors)).toEqual([]);
    await endpoint.delete();
  },
  30_000,
);
