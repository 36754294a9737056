import { AttackedServer } from '../support/attacked-server.js';
import { forge } from '../support/forge.js';
import { sendBytes } from '../support/wire.js';
import { PRODUCTION, PRODUCTION_SECRET, PRODUCTION_URL } from '../fixtures/production.js';

const STRANGERS_MIB = 64;
const CALLER_MIB = 128;
const CONNECTIONS = 60;
/** The server takes 16 requests of a connection in a turn of its event loop, and closes the connection at the next one. */
const OF_ONE_IN_TURN = 17;

const claims = { iss: PRODUCTION_URL, aud: PRODUCTION_URL, sub: 'alice' };
const TOKEN = forge({ secret: PRODUCTION_SECRET, claims });

let server: AttackedServer;
beforeAll(async () => {
  server = await AttackedServer.start({ ...PRODUCTION, RATE_LIMIT_IP: 'off' });
});
afterAll(() => server.stop());

const get = (path: string, ...headers: readonly string[]): string =>
  [`GET ${path} HTTP/1.1`, 'Host: mcp.example.com', ...headers, '\r\n'].join('\r\n');

it.each<readonly [string, string]>([
  ['the front page', get('/')],
  ['the front page as HTML', get('/', 'Accept: text/html')],
  ['resource metadata', get('/.well-known/oauth-protected-resource/mcp')],
  ['health', get('/health/live')],
  ['no such address', get('/none')],
  ['another Host', get('/').replace('mcp.', 'x.')],
  ['no token', get('/sse')],
])('requests whose answers stay unread take little memory and short turns: %s', async (_what, request) => {
  const cost = await server.costOf(() => server.flood(CONNECTIONS, request.repeat(4_000)));
  expect(cost.mib).toBeLessThan(STRANGERS_MIB);
  // Thousands of lines in a read: the server parses one such read in a turn.
  expect(cost.turn.requests).toBeLessThanOrEqual(2 * OF_ONE_IN_TURN);
});

it("unread answers to a caller's requests stay within the caller's memory, in short turns", async () => {
  const list = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
  const head = [
    'POST /mcp HTTP/1.1',
    'Host: mcp.example.com',
    `Authorization: Bearer ${TOKEN}`,
    'Accept: application/json, text/event-stream',
    'Content-Type: application/json',
    `Content-Length: ${list.length}`,
  ];
  const cost = await server.costOf(() =>
    server.flood(CONNECTIONS, `${head.join('\r\n')}\r\n\r\n${list}`.repeat(1_000)),
  );
  expect(cost.mib).toBeLessThan(CALLER_MIB);
  expect(cost.turn.requests).toBeLessThanOrEqual(CONNECTIONS * OF_ONE_IN_TURN);
});

it('a few requests behind one another are answered in order', async () => {
  const last = get('/none', 'Connection: close');
  const { statuses } = await sendBytes(server.url, get('/').repeat(6) + get('/health/live') + last);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 200, 404]);
});

it('the server closes the connection of a client that sends thousands of requests at once', async () => {
  const [socket] = await server.flood(1, get('/').repeat(4_000), true);
  await new Promise((closed) => socket!.once('close', closed));
});
