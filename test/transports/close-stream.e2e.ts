import { eventsOf, McpEndpoint, type NumberedEvent } from '../support/mcp-endpoint.js';
import { PollingTool } from '../support/polling.tool.js';
import { RawSession } from '../support/raw-session.js';
import { StatelessClient, textIn } from '../support/eras/index.js';
import { startApp, type TestApp } from '../support/test-app.js';

let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await startApp({}, [PollingTool]);
  token = await app.token();
});

afterAll(() => app.close());

const POLLED = { content: [{ type: 'text', text: 'polled' }] };

async function all(events: AsyncGenerator<NumberedEvent>): Promise<NumberedEvent[]> {
  const taken: NumberedEvent[] = [];
  for await (const event of events) taken.push(event);
  return taken;
}

describe('a tool that closes its stream', () => {
  it('primes it, ends the connection without the reply, and answers a client that reconnects', async () => {
    const endpoint = await McpEndpoint.open(app.url, token);
    // As the older official suite does: another revision in the header than the one agreed on.
    const headers = { 'MCP-Protocol-Version': '2025-03-26' };
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'poll' } };
    const response = await endpoint.post(message, headers);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const text = await response.text();
    expect(text).toMatch(/^id: \S+\ndata: \n\nretry: \d+\n\n$/);
    const id = /^id: (\S+)$/m.exec(text)![1]!;
    const resumed = await endpoint.get({ 'Last-Event-ID': id, ...headers });
    expect(resumed.status).toBe(200);
    PollingTool.release();
    const events = await all(eventsOf(resumed));
    expect(events.map(({ data }) => JSON.parse(data) as unknown)).toEqual([
      { jsonrpc: '2.0', id: 1, result: POLLED },
    ]);
  });

  it('answers also a client that reconnects after the reply', async () => {
    const endpoint = await McpEndpoint.open(app.url, token);
    const [primer] = await all(eventsOf(await endpoint.call(1, 'tools/call', { name: 'poll' })));
    PollingTool.release();
    const resumed = await endpoint.get({ 'Last-Event-ID': primer!.id });
    const [reply] = await all(eventsOf(resumed));
    expect(JSON.parse(reply!.data)).toMatchObject({ id: 1, result: POLLED });
  });

  it('does so again on the connection that its client came back with', async () => {
    const endpoint = await McpEndpoint.open(app.url, token);
    const call = { name: 'poll', arguments: { times: 2 } };
    const [primer] = await all(eventsOf(await endpoint.call(1, 'tools/call', call)));
    const again = await endpoint.get({ 'Last-Event-ID': primer!.id });
    // The SDKs' clients come back with an id of this connection, or with none.
    expect(await all(eventsOf(again))).toEqual([primer]);
    const last = await endpoint.get({ 'Last-Event-ID': primer!.id });
    PollingTool.release();
    expect(JSON.parse((await all(eventsOf(last)))[0]!.data)).toMatchObject({ id: 1, result: POLLED });
  });

  it('does nothing where the client would not come back: before 2025-11-25', async () => {
    const endpoint = await McpEndpoint.open(app.url, token, '2025-06-18');
    const pending = endpoint.call(1, 'tools/call', { name: 'poll' });
    await released();
    const response = await pending;
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toMatchObject({ result: POLLED });
  });

  it('does nothing in 2026-07-28, nor on /sse', async () => {
    const pending = StatelessClient.askable(app.url, token).callTool('poll');
    await released();
    const reply = await pending;
    expect(reply.headers['content-type']).toBe('application/json');
    expect(textIn(reply)).toBe('polled');
    const session = await RawSession.open(app.url, token);
    const result = session.request(1, 'tools/call', { name: 'poll' });
    await released();
    expect((await result).result).toEqual(POLLED);
    session.close();
  });
});

/** Lets a tool go whose stream says nothing of it. */
async function released(): Promise<void> {
  PollingTool.release = () => undefined;
  const idle = PollingTool.release;
  while (PollingTool.release === idle) await new Promise((resolve) => setTimeout(resolve, 5));
  PollingTool.release();
}
