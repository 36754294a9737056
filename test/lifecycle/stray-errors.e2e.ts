import { withExtraTool } from '../support/extra-tool.js';
import { RawSession } from '../support/raw-session.js';
import { textOf } from '../support/sdk-client.js';
import { ServerProcess } from '../support/server-process.js';
import { StdioProcess } from '../support/stdio-process.js';
import { takeToken } from '../support/test-app.js';

/** `seconds`: 0 for a promise that fails, more for an exception after that time. */
const careless = (seconds: number) => ({ name: 'careless', arguments: { seconds } });

describe('an error that a tool throws where no code can catch it', () => {
  let server: ServerProcess;
  let session: RawSession;

  beforeEach(async () => {
    server = await ServerProcess.start({ NODE_ENV: 'development', ...withExtraTool('careless') });
    session = await RawSession.open(server.url, await takeToken(server.url, 'alice', 'mcp:access'));
  });
  afterEach(() => server.stop());

  it('as a promise: is logged in one line, and all users are served on', async () => {
    expect(textOf((await session.request(1, 'tools/call', careless(0))).result)).toBe('careless');
    await server.until(() => server.events('process.rejection').length === 1);
    expect(server.events('process.rejection')).toMatchObject([{ level: 'error', err: { type: 'Error' } }]);
    expect(server.output).not.toMatch(/^\{"event":"forged"\}/m);
    expect((await session.request(2, 'tools/list')).result).toBeDefined();
    expect(await server.stop()).toBe(0);
  });

  it('as an exception: is logged, and the server ends in order, with 1', async () => {
    await session.request(1, 'tools/call', careless(0.01));
    await session.ended;
    expect(await server.exited).toBe(1);
    expect(server.events('process.exception')).toMatchObject([{ level: 'fatal', err: { type: 'Error' } }]);
    expect(server.events('server.stopping')).toMatchObject([{ reason: 'uncaught_exception' }]);
    expect(server.events('session.closed')).toMatchObject([{ reason: 'shutdown' }]);
    expect(server.logs.at(-1)).toMatchObject({ event: 'server.stopped' });
  });
});

it('is the same over stdio', async () => {
  const server = await StdioProcess.initialized('2025-11-25', withExtraTool('careless'));
  server.call(1, 'careless', { seconds: 0 });
  expect(textOf((await server.reply(1)).result)).toBe('careless');
  server.call(2, 'careless', { seconds: 0.01 });
  expect(await server.exited).toBe(1);
  expect(server.log).toMatch(/process\.rejection[^]*process\.exception[^]*server\.stopped/);
});
