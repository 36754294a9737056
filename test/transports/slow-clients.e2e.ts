import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Socket } from 'node:net';
import { z } from 'zod';
import { type CallContext, type McpTool, SessionService, Tool } from '../../src/mcp/index.js';
import { ERAS } from '../support/eras/index.js';
import { RawSession } from '../support/raw-session.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { connectSdk, textOf } from '../support/sdk-client.js';
import { StalledStream } from '../support/stalled-stream.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';

const input = z.object({ bytes: z.int() });
const KIB = 1024;
const MIB = 1024 * KIB;

@Tool({ name: 'fill', description: 'Returns a text of that many bytes.', input })
class FillTool implements McpTool<typeof input> {
  execute({ bytes }: z.infer<typeof input>): string {
    return 'x'.repeat(bytes);
  }
}

const pour = z.object({ bytes: z.int(), times: z.int() });

/** Sends large log messages, one at once after the other, and then its result. */
@Tool({ name: 'pour', description: 'Logs texts of that many bytes.', input: pour })
class PourTool implements McpTool<typeof pour> {
  execute({ bytes, times }: z.infer<typeof pour>, context: CallContext): string {
    for (let time = 0; time < times; time += 1) context.log('error', 'y'.repeat(bytes));
    return 'poured';
  }
}

let app: TestApp;
let sessions: SessionService;
let logs: RecordedLogs;
/** The server's ends of all connections. */
const sockets: Socket[] = [];

beforeAll(async () => {
  app = await startApp({ HEARTBEAT: '100ms' }, [FillTool, PourTool]);
  sessions = app.app.get(SessionService, { strict: false });
  logs = RecordedLogs.of(app);
  app.app.getHttpServer().on('connection', (socket: Socket) => sockets.push(socket));
});

afterAll(() => app.close());

/** Has the server send 512 KiB after 512 KiB on a stream that its client does not read, until `enough`. */
async function fillUp(stream: StalledStream, token: string, enough: () => boolean): Promise<void> {
  const params = { name: 'fill', arguments: { bytes: 512 * KIB } };
  for (let id = 1; !enough() && id < 1_000; id += 1) {
    const response = await fetch(`${app.url}${stream.endpoint}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params }),
    });
    await response.text();
  }
  expect(enough()).toBe(true);
}

/** The server's end of a stalled stream's connection. */
const serverSocket = (stream: StalledStream) => sockets.find(({ remotePort }) => remotePort === stream.port)!;

const stalledSession = (stream: StalledStream) =>
  sessions.list().find(({ id }) => stream.endpoint.endsWith(`=${id}`));

describe('a client that does not read', () => {
  it('loses its session and its connection; other clients are still answered', async () => {
    const token = await signToken();
    const [stalled, other] = [
      await StalledStream.open(app.url, token),
      await RawSession.open(app.url, token),
    ];
    const socket = serverSocket(stalled);
    await fillUp(stalled, token, () => stalledSession(stalled) === undefined);
    expect(logs.endings).toEqual(['slow_client']);
    await until(() => socket.destroyed);
    expect((await other.request(1, 'ping')).result).toEqual({});
    other.close();
    stalled.close();
  });

  it('does not keep its connection when its token is revoked', async () => {
    const token = await signToken();
    const stalled = await StalledStream.open(app.url, token);
    const socket = serverSocket(stalled);
    await fillUp(stalled, token, () => socket.writableNeedDrain);
    await fetch(`${app.url}/auth/revoke`, { method: 'POST', headers: { Authorization: `Bearer ${token}` } });
    await until(() => stalledSession(stalled) === undefined);
    await until(() => socket.destroyed);
    stalled.close();
    expect(logs.endings.at(-1)).toBe('token_revoked');
  });
});

describe('a client that reads', () => {
  let client: Client;

  beforeEach(async () => {
    client = await connectSdk(app.url, await signToken());
  });

  afterEach(() => client.close());

  it.each([1.5, 3.5])('gets a reply of %d MiB, and an answer to its next request', async (size) => {
    const message = 'm'.repeat(size * MIB);
    const result = await client.callTool({ name: 'echo', arguments: { message } });
    expect(textOf(result)).toHaveLength('Echo: '.length + message.length);
    await client.ping();
  });

  it('gets several large replies that are ready at once', async () => {
    const params = { name: 'fill', arguments: { bytes: 600 * KIB } };
    const calls = Array.from({ length: 8 }, () => client.callTool(params));
    const lengths = (await Promise.all(calls)).map((result) => textOf(result).length);
    expect(lengths).toEqual(Array(8).fill(600 * KIB));
  });
});

it.each(ERAS)(
  'a message over 1 MiB that is followed at once by others arrives: $name',
  async ({ connect }) => {
    const reader = await connect(app.url, await signToken());
    await reader.wantLogs('error');
    const params = { name: 'pour', arguments: { bytes: 1_100 * KIB, times: 4 } };
    expect(textOf((await reader.request(1, 'tools/call', params)).result)).toBe('poured');
    expect(reader.notices.map(({ params: { data } }) => (data as string).length)).toEqual(
      Array(4).fill(1_100 * KIB),
    );
    reader.close();
  },
);
