import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type EraClient, ERAS } from '../support/eras/index.js';
import { tokenOf } from '../support/forge.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { FloodTool, WaitTool } from '../fixtures/hostile.tools.js';

const OVER_MCP = ERAS.filter(({ route }) => route === '/mcp');

let app: TestApp;
let wait: WaitTool;
/** The server's ends of all connections. */
const sockets: Socket[] = [];
beforeAll(async () => {
  app = await startApp({}, [FloodTool, WaitTool]);
  wait = app.app.get(WaitTool);
  app.app.getHttpServer().on('connection', (socket: Socket) => sockets.push(socket));
});
afterAll(() => app.close());

const textOf = (result: Record<string, unknown> | undefined): unknown =>
  (result?.['content'] as { text: string }[] | undefined)?.[0]?.text;

const cancel = (requestId: unknown): string =>
  JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } });

describe.each(OVER_MCP)('$name', ({ connect: open, request, revision }) => {
  let all: EraClient[];
  beforeEach(async () => {
    all = await Promise.all(['alice', 'alice', 'bob'].map((sub) => open(app.url, tokenOf(sub))));
  });
  afterEach(() => {
    for (const client of all) client.close();
  });

  it('150 calls under the same ids, crosswise: each has its own reply, and its own notifications', async () => {
    const calls = Array.from({ length: 150 }, (_item, at) => ({
      client: all[at % 3]!,
      id: Math.floor(at / 3),
      at,
    }));
    await Promise.all(
      calls.map(async ({ client, id, at }) => {
        const message = `call ${at}`;
        const params =
          at % 2 === 0
            ? { name: 'echo', arguments: { message } }
            : { name: 'flood', arguments: { count: 3 } };
        const { result } = await client.request(id, 'tools/call', {
          ...params,
          _meta: { progressToken: at },
        });
        expect(textOf(result)).toBe(at % 2 === 0 ? `Echo: ${message}` : 'done');
      }),
    );
    for (const [owner, { notices }] of all.entries()) {
      const tokens = notices.map(({ params }) => Number(params['progressToken']));
      expect(tokens).toHaveLength(75);
      for (const at of tokens) expect(at % 3).toBe(owner);
    }
  });

  it('a cancellation of any revision does not reach the request of another user', async () => {
    const begun = wait.calls.length;
    const waiting = all[0]!.begin(7, 'tools/call', { name: 'wait' });
    await until(() => wait.calls.length > begun);
    const strangers = await Promise.all(ERAS.map((era) => era.connect(app.url, tokenOf('alice'))));
    for (const client of [all[1]!, all[2]!, ...strangers]) {
      expect((await client.send(cancel(7))).status).toBe(202);
    }
    for (const client of strangers) client.close();
    const call = wait.calls.at(-1)!;
    expect(call.aborted).toBe(false);
    call.release();
    expect(textOf((await waiting.reply()).result)).toBe('released');
  });

  it('the end of one request or session aborts no other user’s calls', async () => {
    const begun = wait.calls.length;
    const [own, other] = [all[0]!, all[1]!].map((client) => client.begin(7, 'tools/call', { name: 'wait' }));
    await until(() => wait.calls.length === begun + 2);
    if (revision === '2026-07-28') await own!.cancel();
    else all[0]!.close();
    await own!.ended;
    await until(() => wait.calls.slice(begun).some(({ aborted }) => aborted));
    const left = wait.calls.slice(begun).filter(({ aborted }) => !aborted);
    expect(left).toHaveLength(1);
    left[0]!.release();
    expect(textOf((await other!.reply()).result)).toBe('released');
  });

  it('a client that never reads its reply is given up, and harms no other', async () => {
    const { hostname, port } = new URL(app.url);
    const params = { name: 'flood', arguments: { count: 200_000 }, _meta: { progressToken: 'deaf' } };
    const message = request('deaf', 'tools/call', params);
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    const head = all[0]!.headOf(message);
    socket.write(`${head}Content-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`);
    await once(socket, 'readable');
    // Read no more: what the system does not take stays with the server, which has a limit.
    const theirs = sockets.find(({ remotePort }) => remotePort === socket.localPort)!;
    await until(() => theirs.destroyed);
    expect(theirs.writableLength).toBeLessThan(2 ** 21);
    expect((await all[2]!.request('after', 'tools/list')).result).toBeDefined();
    socket.destroy();
  });
});
