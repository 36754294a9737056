import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type CallContext, type McpTool, Tool } from '../../src/mcp/index.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../../src/mcp/mcp.options.js';
import { type EraClient, ERAS } from '../support/eras/index.js';
import { tokenOf } from '../support/forge.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

/** More than the system takes over from the server for a client that does not read. */
const BYTES = 12 * 2 ** 20;

@Tool({ name: 'bulk', description: 'Returns a large text.' })
class BulkTool implements McpTool {
  execute(_input: unknown, context: CallContext): string {
    context.progress(1);
    return 'x'.repeat(BYTES);
  }
}

@Tool({ name: 'rare', description: 'May be called once.', rateLimit: '1/1d' })
class RareTool implements McpTool {
  execute(): string {
    return 'rare';
  }
}

let app: TestApp;
/** The server's ends of all connections. */
const sockets: Socket[] = [];
beforeAll(async () => {
  app = await startApp({ MAX_BODY: '16mb' }, [BulkTool, RareTool]);
  app.app.getHttpServer().on('connection', (socket: Socket) => sockets.push(socket));
});
afterAll(() => app.close());

let options: { maxStallMs: number };
let client: EraClient;
beforeEach(() => (options = app.app.get<McpModuleOptions>(MCP_OPTIONS, { strict: false })));
afterEach(() => {
  options.maxStallMs = 30_000;
  client.close();
});

/** Posts a message, and reads nothing of the answer after its first bytes. */
async function postAndStop(message: string): Promise<{ socket: Socket; head: string; theirs: Socket }> {
  const { hostname, port } = new URL(app.url);
  const socket = connect(Number(port), hostname).on('error', () => undefined);
  const length = `Content-Length: ${Buffer.byteLength(message)}`;
  socket.write(`${client.headOf(message)}Connection: close\r\n${length}\r\n\r\n${message}`);
  await once(socket, 'readable');
  const theirs = sockets.find(({ remotePort }) => remotePort === socket.localPort)!;
  return { socket, head: String(socket.read(64)), theirs };
}

// Where there is one stream for everything, nothing of a reply comes on the POST.
const REPLIES = ERAS.filter(({ route }) => route === '/mcp').flatMap((era) => [
  { ...era, how: 'as JSON', meta: {} },
  { ...era, how: 'on a stream', meta: { progressToken: 'bulk' } },
]);

describe.each(REPLIES)('a reply $how, $name', ({ connect: open, request, meta }) => {
  const message = request('bulk', 'tools/call', { name: 'bulk', arguments: {}, _meta: meta });
  beforeEach(async () => (client = await open(app.url, tokenOf('alice'))));

  it('does not stay in memory where its client does not read it', async () => {
    options.maxStallMs = 200;
    const { socket, theirs } = await postAndStop(message);
    await until(() => theirs.destroyed);
    socket.destroy();
  });

  it('arrives whole where its client reads late', async () => {
    const { socket, theirs } = await postAndStop(message);
    await until(() => theirs.writableNeedDrain);
    let rest = 0;
    socket.on('data', (chunk: Buffer) => (rest += chunk.length));
    await once(socket, 'close');
    expect(rest).toBeGreaterThanOrEqual(BYTES);
  });
});

it.each(ERAS)(
  'a refusal that repeats a long id does not stay in memory where its client does not read it, $name',
  async ({ connect: open, request, name }) => {
    client = await open(app.url, tokenOf(name));
    const call = (id: string): string => request(id, 'tools/call', { name: 'rare', arguments: {} });
    await client.send(call('first'));
    options.maxStallMs = 200;
    const { socket, head, theirs } = await postAndStop(call('x'.repeat(BYTES)));
    expect(head).toMatch(/^HTTP\/1.1 429 /);
    await until(() => theirs.destroyed);
    socket.destroy();
  },
);
