import * as v2 from '@modelcontextprotocol/client';
import { ChangeBroadcast } from '../../src/mcp/catalog/change.broadcast.js';
import { ToolRegistry } from '../../src/mcp/index.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};
const ID = 'io.modelcontextprotocol/subscriptionId';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly _meta?: Record<string, unknown>; readonly notifications?: unknown };
  readonly result?: { readonly resultType?: string; readonly _meta?: Record<string, unknown> };
  readonly error?: { readonly code: number };
}

let app: TestApp;
let token: string;
let added = 0;

beforeEach(async () => {
  app = await startApp({ SESSIONS_PER_PRINCIPAL: '3', HEARTBEAT: '100ms' });
  token = await app.token();
});

afterEach(() => app.close());

/** Adds a tool while the server runs. Returns its name. */
function addTool(): string {
  added += 1;
  const name = `late-${added}`;
  app.app.get(ToolRegistry, { strict: false }).add({ name, description: name }, { execute: () => name });
  return name;
}

/** A stream of changes, as 2026-07-28 has it. */
class Listening {
  readonly messages: Message[] = [];
  ended = false;
  comments = 0;

  constructor(readonly response: Response) {
    void this.read();
  }

  static async open(notifications: unknown, id = 7): Promise<Listening> {
    return new Listening(await listen(notifications, id));
  }

  methods(): (string | undefined)[] {
    return this.messages.map(({ method }) => method);
  }

  private async read(): Promise<void> {
    let rest = '';
    for await (const chunk of this.response.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop()!;
      for (const block of blocks) {
        if (block.startsWith(':')) this.comments += 1;
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (data) this.messages.push(JSON.parse(data) as Message);
      }
    }
    this.ended = true;
  }
}

function listen(notifications: unknown, id = 7, signal?: AbortSignal): Promise<Response> {
  return fetch(`${app.url}/mcp`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${token}`,
      Accept: 'application/json, text/event-stream',
      'Content-Type': 'application/json',
      'Mcp-Protocol-Version': '2026-07-28',
      'Mcp-Method': 'subscriptions/listen',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id,
      method: 'subscriptions/listen',
      params: { notifications, _meta: META },
    }),
    ...(signal === undefined ? {} : { signal }),
  });
}

describe('a session', () => {
  it('hears over /sse that the list of tools has changed, once for many changes, and sees it at once', async () => {
    const session = await RawSession.open(app.url, token);
    const clientInfo = { name: 'c', version: '1' };
    const params = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo };
    await session.request('init', 'initialize', params);
    const heard = (): (string | undefined)[] => (session.messages as Message[]).map(({ method }) => method);
    const names = [addTool(), addTool()];
    await until(() => heard().includes('notifications/tools/list_changed'));
    const { result } = await session.request('list', 'tools/list');
    for (const name of names) expect(JSON.stringify(result)).toContain(`"${name}"`);
    expect(heard().filter((method) => method !== undefined)).toHaveLength(1);
    session.close();
  });

  it('hears it on a stream that its client has opened again without a word', async () => {
    const session = await RawSession.open(app.url, token);
    addTool();
    await session.until(() => session.messages.length > 0);
    expect((session.messages as Message[])[0]!.method).toBe('notifications/tools/list_changed');
    session.close();
  });

  it('hears it over /mcp on its standing stream', async () => {
    const endpoint = await McpEndpoint.open(app.url, token);
    const stream = new Listening(await endpoint.get());
    const name = addTool();
    await until(() => stream.methods().includes('notifications/tools/list_changed'));
    expect(JSON.stringify(await endpoint.request(1, 'tools/list'))).toContain(`"${name}"`);
    expect((await endpoint.request(2, 'tools/call', { name })).result).toMatchObject({
      content: [{ type: 'text', text: name }],
    });
    await endpoint.delete();
  });
});

describe('subscriptions/listen', () => {
  it('acknowledges what it will tell, tells that and nothing else, and names itself each time', async () => {
    const tools = await Listening.open({ toolsListChanged: true, promptsListChanged: false });
    const prompts = await Listening.open({ promptsListChanged: true }, 8);
    await until(() => tools.messages.length + prompts.messages.length === 2);
    expect(tools.messages[0]).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: { toolsListChanged: true }, _meta: { [ID]: 7 } },
    });
    addTool();
    await until(() => tools.messages.length === 2);
    expect(tools.messages[1]).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/tools/list_changed',
      params: { _meta: { [ID]: 7 } },
    });
    await until(() => prompts.comments > 1);
    expect(prompts.methods()).toEqual(['notifications/subscriptions/acknowledged']);
  });

  it('ends with its result when the server stops, and does not keep it from stopping', async () => {
    const stream = await Listening.open({ toolsListChanged: true });
    await until(() => stream.messages.length === 1);
    await app.close();
    await until(() => stream.ended);
    expect(stream.messages[1]).toMatchObject({
      id: 7,
      result: { resultType: 'complete', _meta: { [ID]: 7 } },
    });
  });

  it('ends at once where there is nothing to tell', async () => {
    const stream = await Listening.open({});
    await until(() => stream.ended);
    expect(stream.messages.at(-1)).toMatchObject({ id: 7, result: { resultType: 'complete' } });
  });

  it.each([undefined, null, 5, ['x'], { toolsListChanged: 1 }, { resourceSubscriptions: 'x' }])(
    'refuses the filter %j',
    async (filter) => {
      const response = await listen(filter);
      expect(await response.json()).toMatchObject({ id: 7, error: { code: -32602 } });
    },
  );

  it('names 1,000 resources at most, none of them by more than any URI has', async () => {
    const uris = Array.from({ length: 1_001 }, (_, index) => `x://${index}`);
    for (const resourceSubscriptions of [uris, [`x://${'y'.repeat(2_045)}`]]) {
      const response = await listen({ resourceSubscriptions });
      expect(await response.json()).toMatchObject({ id: 7, error: { code: -32602 } });
    }
    for (const resourceSubscriptions of [uris.slice(1), [`x://${'y'.repeat(2_044)}`]]) {
      const stream = await Listening.open({ resourceSubscriptions });
      await until(() => stream.messages.length === 1);
    }
  });

  it('is given to a caller a bounded number of times, and again when one was left', async () => {
    const leaving = new AbortController();
    await listen({ toolsListChanged: true }, 1, leaving.signal);
    await listen({ toolsListChanged: true }, 2);
    await listen({ toolsListChanged: true }, 3);
    expect(await (await listen({ toolsListChanged: true }, 4)).json()).toHaveProperty('error');
    leaving.abort();
    await until(async () => {
      const response = await listen({ toolsListChanged: true }, 5);
      return response.headers.get('content-type')!.startsWith('text/event-stream');
    });
  });

  it('is told nothing more once its client has left', async () => {
    const feed = app.app.get(ChangeBroadcast, { strict: false });
    const subscribe = feed.subscribe.bind(feed);
    let listeners = 0;
    jest.spyOn(feed, 'subscribe').mockImplementation((listener) => {
      const stop = subscribe(listener);
      listeners += 1;
      return () => {
        stop();
        listeners -= 1;
      };
    });
    const leaving = new AbortController();
    const response = await listen({ toolsListChanged: true }, 1, leaving.signal);
    expect([response.status, listeners]).toEqual([200, 1]);
    leaving.abort();
    await until(() => listeners === 0);
  });

  it('ends when the token is revoked', async () => {
    const stream = await Listening.open({ toolsListChanged: true });
    await until(() => stream.messages.length === 1);
    const headers = { Authorization: `Bearer ${token}` };
    expect((await fetch(`${app.url}/auth/revoke`, { method: 'POST', headers })).status).toBe(200);
    await until(() => stream.ended);
    addTool();
    expect(stream.messages).toHaveLength(1);
  });

  it('serves the SDK’s client, which asks for the list again by itself', async () => {
    const heard: string[][] = [];
    const onChanged = (error: Error | null, tools: { name: string }[] | null): void => {
      if (error === null && tools !== null) heard.push(tools.map(({ name }) => name));
    };
    const client = new v2.Client(
      { name: 'e2e', version: '1' },
      { versionNegotiation: { mode: 'auto' }, listChanged: { tools: { onChanged } } },
    );
    const requestInit = { headers: { Authorization: `Bearer ${token}` } };
    await client.connect(new v2.StreamableHTTPClientTransport(new URL(`${app.url}/mcp`), { requestInit }));
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
    const name = addTool();
    await until(() => heard.some((names) => names.includes(name)));
    await client.close();
  });
});
