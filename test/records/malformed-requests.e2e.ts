import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { RecordedLogs } from '../support/recorded-logs.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

let app: TestApp;
let logs: RecordedLogs;
beforeEach(async () => {
  app = await startApp();
  logs = RecordedLogs.of(app);
});
afterEach(() => app.close());

/** Everything that comes back, until the server ends the connection. */
async function answerTo(bytes: string): Promise<string> {
  const { hostname, port } = new URL(app.url);
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  let answer = '';
  socket.on('data', (chunk: string) => (answer += chunk));
  socket.write(bytes);
  await once(socket, 'close');
  return answer;
}

it.each([
  ['a line that is no header', 'GET / HTTP/1.1\r\nno header\r\n\r\n', 400, 'invalid_request'],
  ['headers without end', `GET / HTTP/1.1\r\na: ${'x'.repeat(20_000)}`, 431, 'invalid_request'],
  ['too many headers', `GET / HTTP/1.1\r\nHost: a\r\n${'a:\r\n'.repeat(200)}\r\n`, 431, 'invalid_request'],
  ['a target that is no path', 'GET http://secret/ HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'invalid_target'],
])('a request that the application does not see is in the log: %s', async (_what, bytes, status, reason) => {
  expect(await answerTo(bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  await until(() => logs.events('request.refused').length > 0);
  const [refused] = logs.events('request.refused');
  expect(refused).toMatchObject({ reason, status, ip: '127.0.0.1' });
  expect(JSON.stringify(refused)).not.toContain('secret');
});

it('a connection that breaks off is not', async () => {
  const { hostname, port } = new URL(app.url);
  const ended = new Promise((done) => {
    app.app.getHttpServer().once('connection', (theirs: Socket) => theirs.once('close', done));
  });
  const socket = connect(Number(port), hostname);
  socket.write('GET / HTTP/1.1\r\n', () => socket.resetAndDestroy());
  await ended;
  expect(logs.events('request.refused')).toEqual([]);
});
