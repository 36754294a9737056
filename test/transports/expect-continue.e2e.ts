import { connect } from 'node:net';
import { tokenOf } from '../support/forge.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { readRaw } from '../support/wire.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';

let app: TestApp;
let client: McpEndpoint;
beforeAll(async () => {
  app = await startApp({ MAX_BODY: '1kb' });
  client = await McpEndpoint.open(app.url, tokenOf('alice'));
});
afterAll(async () => {
  client.close();
  await app.close();
});

const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

/** Sends a head that expects 100, sends `body` once that has come, and waits for the end of the connection. */
function expecting(head: string, body: string, length = body.length): Promise<readonly number[]> {
  const { hostname, port } = new URL(app.url);
  const { promise, resolve } = Promise.withResolvers<readonly number[]>();
  const socket = connect(Number(port), hostname).setEncoding('utf8');
  socket.write(`${head}Content-Length: ${length}\r\nExpect: 100-continue\r\n\r\n`);
  let text = '';
  let isSent = false;
  socket.on('data', (chunk: string) => {
    text += chunk;
    if (isSent || !text.includes('100 Continue')) return;
    isSent = true;
    // A request after this one, to end the connection, where it is kept.
    socket.write(`${body}GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  });
  socket.on('error', () => undefined).once('close', () => resolve(readRaw(text).statuses));
  return promise;
}

const head = (path: string, token: string, type = 'application/json'): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: ${type}\r\n`;

it('gets 100 where the server wants the body, and the connection stays open', async () => {
  expect(await expecting(client.headOf(PING), PING)).toEqual([100, 200, 200]);
  const own = head('/auth/revoke', tokenOf('bob'), 'application/x-www-form-urlencoded');
  expect(await expecting(own, 'token_type_hint=access_token')).toContain(100);
});

it.each<readonly [string, () => string, number, number]>([
  ['a bad token on /mcp', () => head('/mcp', 'x'), 40, 401],
  ['a bad token on /message', () => head('/message?sessionId=x', 'x'), 40, 401],
  ['a bad token on /auth/revoke', () => head('/auth/revoke', 'x'), 40, 401],
  ['no scope', () => head('/mcp', tokenOf('alice', { scope: 'other' })), 40, 403],
  ['a session that is not there', () => head('/message?sessionId=x', tokenOf('alice')), 40, 404],
  ['a body that is too large', () => client.headOf(PING), 2_000, 413],
  ['another media type', () => head('/mcp', tokenOf('alice'), 'text/plain'), 40, 415],
  ['no such address', () => head('/none', tokenOf('alice')), 40, 404],
])('is refused without 100, and the connection ends: %s', async (_what, headOf, length, status) => {
  expect(await expecting(headOf(), PING, length)).toEqual([status]);
});
