import { closeHttpApp } from '../../src/bootstrap/http-app.js';
import { Gate, GATED } from '../support/gate.tool.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { textOf } from '../support/sdk-client.js';
import { startApp } from '../support/test-app.js';

const STREAMS = 20;

const wait = (id: string) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'wait', arguments: { key: id } },
});

describe('a server that stops after a delay', () => {
  it('ends its streams one after the other, and serves everything until then', async () => {
    const app = await startApp({ SESSIONS_PER_PRINCIPAL: '100' }, GATED);
    const gate = app.app.get(Gate, { strict: false });
    const token = await app.token();
    const endpoint = await McpEndpoint.open(app.url, token);
    const sse = await Promise.all(Array.from({ length: STREAMS }, () => RawSession.open(app.url, token)));
    const texts: string[] = [];
    const listen = async (from: McpEndpoint): Promise<void> => {
      const response = await from.get();
      expect(response.status).toBe(200);
      texts.push(await response.text());
    };
    const listening = [listen(endpoint)];
    const [busy] = sse as [RawSession];
    expect((await busy.post(wait('held'))).status).toBe(202);
    const held = await gate.held('held');

    const done = closeHttpApp(app.app, 8_000, 1);
    await Promise.any(sse.map(({ ended }) => ended));
    const open = new Set(sse);
    for (const session of sse) void session.ended.then(() => open.delete(session));
    // Until half of them have ended, all that comes is served.
    let served = 0;
    while (open.size > STREAMS / 2) {
      const reply = await endpoint.call(served, 'ping');
      expect([reply.status, reply.headers.get('connection')]).toEqual([200, 'close']);
      await reply.text();
      expect((await busy.post({ jsonrpc: '2.0', id: served, method: 'ping' })).status).toBe(202);
      served += 1;
    }
    expect(served).toBeGreaterThan(0);
    listening.push(listen(await McpEndpoint.open(app.url, token)));
    listening.push(RawSession.open(app.url, token).then(({ ended }) => ended));
    held.release('done');
    await Promise.all([...listening, ...sse.map(({ ended }) => ended), done]);
    expect(textOf((await busy.reply('held')).result)).toBe('done');
    const retries = texts.map((text) => Number(/^retry: (\d+)$/m.exec(text)?.[1]));
    expect(retries).toHaveLength(2);
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
