import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { closeHttpApp } from '../../src/bootstrap/http-app.js';
import { withExtraTool } from '../support/extra-tool.js';
import { Gate, GATED } from '../support/gate.tool.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { textOf } from '../support/sdk-client.js';
import { ServerProcess } from '../support/server-process.js';
import { startApp, takeToken } from '../support/test-app.js';

const waiting = (id: string, key: string) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'wait', arguments: { key } },
});

const slow = (id: number, seconds: number) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'slow', arguments: { seconds } },
});

const statusOf = async (url: string, token = '') =>
  (await fetch(url, { headers: { Authorization: `Bearer ${token}`, Connection: 'close' } })).status;

describe('during the drain', () => {
  it('calls in flight are answered, nothing new is taken, the probes say so', async () => {
    const app = await startApp({}, GATED);
    const gate = app.app.get(Gate, { strict: false });
    const token = await app.token();
    const [session, idle] = [await RawSession.open(app.url, token), await RawSession.open(app.url, token)];
    const endpoint = await McpEndpoint.open(app.url, token);
    await session.post(waiting('in flight', 'answered'));
    const held = await gate.held('answered');
    expect(await statusOf(`${app.url}/health/ready`)).toBe(200);

    const done = closeHttpApp(app.app, 10_000);
    expect(await statusOf(`${app.url}/health/ready`)).toBe(503);
    expect(await statusOf(`${app.url}/health/live`)).toBe(200);
    const stream = await fetch(`${app.url}/sse`, { headers: { Authorization: `Bearer ${token}` } });
    expect(stream.status).toBe(503);
    expect(Number(stream.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await endpoint.get()).status).toBe(503);
    const late = await session.post(waiting('late', 'late'));
    expect(late.status).toBe(503);
    expect(await late.json()).toMatchObject({ jsonrpc: '2.0', id: 'late', error: { code: -32000 } });
    expect(held.signal.aborted).toBe(false);

    held.release('just in time');
    await Promise.all([session.ended, idle.ended, done]);
    expect(session.messages.map(({ id }) => id)).toEqual(['in flight']);
    expect(textOf(session.messages[0]!.result)).toBe('just in time');
    await expect(statusOf(`${app.url}/health/live`)).rejects.toThrow();
  });

  it('a call may still be cancelled', async () => {
    const app = await startApp({}, GATED);
    const session = await RawSession.open(app.url, await app.token());
    await session.post(waiting('c', 'cancelled'));
    await app.app.get(Gate, { strict: false }).held('cancelled');
    const done = closeHttpApp(app.app, 10_000);
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'c' } };
    expect((await session.post(cancel)).status).toBe(202);
    await Promise.all([session.ended, done]);
    expect(session.messages).toEqual([]);
  });

  it('a call that does not end within the grace is told why, and its tool’s signal fires', async () => {
    const app = await startApp({}, GATED);
    const logs = RecordedLogs.of(app);
    const gate = app.app.get(Gate, { strict: false });
    const session = await RawSession.open(app.url, await app.token());
    for (const id of ['one', 'two']) await session.post(waiting(id, id));
    const signals = [(await gate.held('one')).signal, (await gate.held('two')).signal];
    await Promise.all([session.ended, closeHttpApp(app.app, 200)]);
    const error = { code: -32000, message: 'The server is shutting down' };
    expect(session.messages.map(({ id, error }) => ({ id, error }))).toEqual([
      { id: 'one', error },
      { id: 'two', error },
    ]);
    expect(signals.map(({ reason }) => (reason as { outcome: string }).outcome)).toEqual([
      'shutdown',
      'shutdown',
    ]);
    expect(logs.endings).toEqual(['shutdown']);
    expect(logs.events('drain.ended')).toMatchObject([{ abandoned: 2 }]);
  });

  it('a connection on which nothing was sent keeps nothing from ending', async () => {
    const app = await startApp();
    const accepted = once(app.app.getHttpServer(), 'connection');
    const silent = connect(Number(new URL(app.url).port), '127.0.0.1');
    await accepted;
    await Promise.all([once(silent, 'close'), closeHttpApp(app.app, 200)]);
  });
});

describe('on a signal', () => {
  it('the process answers what it can, ends its streams and exits with 0 within the grace', async () => {
    const server = await ServerProcess.start({
      NODE_ENV: 'development',
      SHUTDOWN_GRACE: '1s',
      ...withExtraTool('slow'),
    });
    const token = await takeToken(server.url, 'alice', 'mcp:access');
    const open = () => RawSession.open(server.url, token);
    const streams = await Promise.all([open(), open(), open(), open(), open()]);
    await streams[0].post(slow(1, 0.3));
    await streams[1].post(slow(2, 60));
    server.signal('SIGTERM');
    await Promise.all(streams.map(({ ended }) => ended));
    expect(await server.exited).toBe(0);
    expect(textOf((await streams[0].reply(1)).result)).toBe('after 0.3 s');
    expect((await streams[1].reply(2)).error).toMatchObject({ code: -32000 });
    expect(server.events('session.closed').map(({ reason }) => reason)).toEqual(Array(5).fill('shutdown'));
    expect(server.logs.at(-1)).toMatchObject({ event: 'server.stopped' });
  });

  it('the process is gone, though a tool has left something running', async () => {
    const server = await ServerProcess.start({ NODE_ENV: 'development', ...withExtraTool('holding') });
    expect(await server.stop()).toBe(0);
    expect(server.logs.at(-1)).toMatchObject({ event: 'server.stopped' });
  });

  it('with nothing in flight it exits at once, and its port is free', async () => {
    const first = await ServerProcess.start({ NODE_ENV: 'development', SHUTDOWN_GRACE: '10m' });
    const session = await RawSession.open(first.url, await takeToken(first.url, 'alice', 'mcp:access'));
    const idleConnection = await fetch(`${first.url}/health/live`);
    await idleConnection.text();
    first.signal('SIGINT');
    await session.ended;
    expect(await first.exited).toBe(0);
    expect(first.events('server.stopping')).toMatchObject([{ reason: 'SIGINT' }]);
    expect(first.events('server.stopped')).toHaveLength(1);
    const next = createServer().listen(Number(new URL(first.url).port), '127.0.0.1');
    await once(next, 'listening');
    next.close();
  });
});
