import { closeHttpApp } from '../../src/bootstrap/http-app.js';
import { SessionService } from '../../src/mcp/index.js';
import { Gate, GATED } from '../support/gate.tool.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { textOf } from '../support/sdk-client.js';
import { startApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const STREAMS = 20;

const wait = (id: string) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'wait', arguments: { key: id } },
});

describe('a server that stops after a delay', () => {
  it('ends its streams one after the other, and serves everything until then', async () => {
    const { app, url, ...own } = await startApp({ SESSIONS_PER_PRINCIPAL: '100' }, GATED);
    const gate = app.get(Gate, { strict: false });
    const sessions = app.get(SessionService, { strict: false });
    const token = await own.token();
    const endpoints = await Promise.all(['a', 'b', 'c'].map(() => McpEndpoint.open(url, token)));
    const [endpoint] = endpoints as [McpEndpoint];
    const sse = await Promise.all(Array.from({ length: STREAMS }, () => RawSession.open(url, token)));
    /** Reads a stream until it is ended, while the server refuses nothing. */
    const read = async (opening: Promise<Response>): Promise<string> => {
      const response = await opening;
      expect(response.status).toBe(200);
      const text = await response.text();
      expect(sessions.isDraining).toBe(false);
      return text;
    };
    const listening = endpoints.map((each) => read(each.get()));
    const subscription = read(new McpEndpoint(url, token).subscribe());
    const [busy] = sse as [RawSession];
    expect((await busy.post(wait('held'))).status).toBe(202);
    const called = endpoint.request('called', 'tools/call', wait('called').params);
    const held = [await gate.held('held'), await gate.held('called')];

    const done = closeHttpApp(app, 8_000, 1);
    const open = new Set(sse);
    for (const session of sse) void session.ended.then(() => open.delete(session));
    await until(() => open.size < STREAMS);
    // Until half of them have ended, all that comes is served.
    let served = 0;
    while (open.size > STREAMS / 2) {
      const reply = await endpoint.call(served, 'ping');
      expect([reply.status, reply.headers.get('connection')]).toEqual([200, 'close']);
      await reply.text();
      expect((await busy.post({ jsonrpc: '2.0', id: served, method: 'ping' })).status).toBe(202);
      served += 1;
      // Beside the one whose call runs.
      if (served === 1) expect(open.size).toBeGreaterThan(1);
    }
    expect(served).toBeGreaterThan(0);
    listening.push(read((await McpEndpoint.open(url, token)).get()));
    const late = RawSession.open(url, token).then(({ ended }) => ended);
    const texts = await Promise.all(listening);
    await Promise.all([late, subscription, ...sse.slice(1).map(({ ended }) => ended)]);
    // The calls are still running: their session lives, and the server accepts connections.
    for (let id = 0; id < 30; id += 1) expect((await endpoint.request(`${id}`, 'ping')).result).toEqual({});
    for (const call of held) call.release('done');
    expect(textOf((await called).result)).toBe('done');
    await Promise.all([busy.ended, done]);
    expect(textOf((await busy.reply('held')).result)).toBe('done');
    const retries = texts.map((text) => Number(/^retry: (\d+)$/m.exec(text)?.[1]));
    expect(retries).toHaveLength(4);
    expect(new Set(retries).size).toBeGreaterThan(1);
    for (const ms of retries) {
      expect(ms).toBeGreaterThanOrEqual(500);
      expect(ms).toBeLessThanOrEqual(3_000);
    }
  });

  it('answers what does not end in time, and is gone', async () => {
    const app = await startApp({}, GATED);
    const session = await RawSession.open(app.url, await app.token());
    await session.post(wait('late'));
    await app.app.get(Gate, { strict: false }).held('late');
    await Promise.all([session.ended, closeHttpApp(app.app, 400, 1)]);
    expect((await session.reply('late')).error).toMatchObject({ code: -32000 });
  });
});
