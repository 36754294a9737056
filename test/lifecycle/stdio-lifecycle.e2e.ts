import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { withExtraTool } from '../support/extra-tool.js';
import { textOf } from '../support/sdk-client.js';
import { MODERN, StdioProcess, stdioCommand, withStdioTools } from '../support/stdio-process.js';

const begun = (server: StdioProcess): Promise<void> =>
  server.until(() => server.messages.some(({ method }) => method === 'notifications/progress'));

describe('the start', () => {
  it.each([
    ['needs no setting', {}],
    [
      'heeds no setting of HTTP, tokens or other programs',
      {
        NODE_ENV: 'production',
        PORT: 'none',
        JWT_SECRET: 'short',
        AUTH_URL: 'of another program',
        REDIS_URL: 'redis://localhost',
      },
    ],
  ])('%s, and does not change the folder in which it was started', (_what, env) => {
    const { command, args, cwd, env: withTools } = stdioCommand(env);
    const input = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}\n';
    const { status, stdout } = spawnSync(command, args, { cwd, env: withTools, input });
    expect(status).toBe(0);
    expect(stdout.toString()).toMatch(/^\{"jsonrpc":"2.0","id":1,"result":\{"tools":.*\}\n$/);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it.each([
    ['a wrong setting', { LOG_LEVEL: 'canary' }, /^ConfigurationError: [^]*LOG_LEVEL must be one of/],
    ['scopes that open nothing', { STDIO_SCOPES: 'orders:write' }, /STDIO_SCOPES must contain mcp:access/],
    ['a tool that is wired wrongly', withExtraTool('misnamed'), /WiringError: Class SlowTool: the name/],
  ])('the server reports %s on standard error only', async (_what, env, told) => {
    const server = new StdioProcess(env);
    expect(await server.exited).toBe(1);
    expect(server.log).toMatch(told);
    expect(server.log).not.toMatch(/canary|\n\s+at /);
    expect(server.out).toBe('');
  });
});

describe('standard output', () => {
  it.each(['json', 'pretty'])(
    'has messages only, while the log on standard error is %s',
    async (LOG_FORMAT) => {
      const server = await StdioProcess.initialized(
        '2025-11-25',
        withStdioTools({ LOG_LEVEL: 'trace', LOG_FORMAT }),
      );
      server.call(1, 'noisy');
      expect(textOf((await server.reply(1)).result)).toBe('done');
      expect(await server.end()).toBe(0);
      expect(server.messages.map(({ id }) => id)).toEqual(['init', 1]);
      for (const noise of ['console.log', 'process.stdout', 'an import'])
        expect(server.log).toContain(`noise of ${noise}\n`);
      for (const event of ['server.started', 'call.begun', 'call.ended', 'server.stopped'])
        expect(server.log).toContain(event);
    },
  );
});

describe('the end', () => {
  it('of the input lets the running calls finish, also those of the last lines', async () => {
    const server = await StdioProcess.initialized('2025-11-25', withStdioTools({ SHUTDOWN_GRACE: '10s' }));
    server.call(1, 'slow', { ms: 300 });
    server.call(2, 'echo', { message: 'last words' });
    expect(await server.end()).toBe(0);
    expect(textOf((await server.reply(1)).result)).toBe('after 300 ms');
    expect(textOf((await server.reply(2)).result)).toBe('Echo: last words');
  });

  it('of the input may follow a whole conversation at once', async () => {
    const server = new StdioProcess();
    const clientInfo = { name: 'e2e', version: '1' };
    const lines = [
      {
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo },
      },
      { method: 'notifications/initialized' },
      { id: 2, method: 'tools/list' },
      { id: 3, method: 'tools/call', params: { name: 'test' } },
    ].map((message) => JSON.stringify({ jsonrpc: '2.0', ...message }));
    server.send(lines.join('\n'));
    expect(await server.end()).toBe(0);
    expect(server.messages.map(({ id, error }) => [id, error])).toEqual(
      [1, 2, 3].map((id) => [id, undefined]),
    );
    expect(server.log.match(/session\.opened/g)).toHaveLength(1);
  });

  it('of the input fails a call with the reason after SHUTDOWN_GRACE, and ends a subscription with its result', async () => {
    const server = await StdioProcess.initialized('2025-11-25', withStdioTools({ SHUTDOWN_GRACE: '200ms' }));
    const filter = { notifications: { toolsListChanged: true }, _meta: MODERN };
    server.request('s', 'subscriptions/listen', filter);
    server.call(1, 'slow', { ms: 600_000 }, { progressToken: 1 });
    await begun(server);
    await server.until(() =>
      server.messages.some(({ method }) => method === 'notifications/subscriptions/acknowledged'),
    );
    expect(await server.end()).toBe(0);
    expect((await server.reply(1)).error).toEqual({ code: -32000, message: 'The server is shutting down' });
    expect((await server.reply('s')).result).toMatchObject({
      resultType: 'complete',
      _meta: { 'io.modelcontextprotocol/subscriptionId': 's' },
    });
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s is the same, and the server refuses new calls',
    async (signal) => {
      const server = await StdioProcess.initialized('2025-11-25', withStdioTools({ SHUTDOWN_GRACE: '10s' }));
      server.call(1, 'slow', { ms: 500 }, { progressToken: 1 });
      await begun(server);
      server.child.kill(signal);
      await server.until(() => server.log.includes('drain.begun'));
      server.call(2, 'echo', { message: 'too late' });
      expect((await server.reply(2)).error).toMatchObject({ code: -32000 });
      expect(await server.exited).toBe(0);
      expect(textOf((await server.reply(1)).result)).toBe('after 500 ms');
    },
  );

  it('follows when the host closes standard output: the server aborts its calls, and logs no error', async () => {
    const server = await StdioProcess.initialized('2025-11-25', withStdioTools({ SHUTDOWN_GRACE: '10m' }));
    server.call(1, 'slow', { ms: 600_000 }, { progressToken: 1 });
    await begun(server);
    server.child.stdout.destroy();
    server.call(2, 'echo', { message: 'to no host' });
    expect(await server.exited).toBe(0);
    expect(server.log).toContain('its signal has fired');
    expect(server.log).not.toMatch(/EPIPE|ERROR|\n\s+at /);
  });

  it('does not follow when the host closes standard error', async () => {
    const server = await StdioProcess.initialized('2025-11-25', { LOG_LEVEL: 'trace' });
    server.child.stderr.destroy();
    for (let id = 0; id < 50; id += 1) server.call(id, 'test');
    await server.reply(49);
    expect(await server.end()).toBe(0);
  });
});

describe('a host that does not read', () => {
  it('delays only its own replies: the server sends the rest once the host reads', async () => {
    const server = new StdioProcess({}, { reads: false });
    const message = 'x'.repeat(32 * 1024);
    const count = 600;
    for (let id = 0; id < count; id += 1) server.call(id, 'echo', { message });
    const answered = (): number => server.log.match(/call\.ended/g)?.length ?? 0;
    let before = 0;
    do {
      before = answered();
      await sleep(300);
    } while (before === 0 || answered() > before);
    // The server has stopped reading with about 1 MiB to send: the rest waits in the host.
    expect(answered()).toBeLessThan(count / 2);
    server.read();
    await server.reply(count - 1);
    expect(server.messages.map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, id) => id));
    expect(await server.end()).toBe(0);
  });

  it('may read the last replies after it has closed the input', async () => {
    const server = new StdioProcess({}, { reads: false });
    for (let id = 0; id < 20; id += 1) server.call(id, 'echo', { message: 'x'.repeat(32 * 1024) });
    const ended = server.end();
    await server.until(() => server.log.includes('drain.ended'));
    server.read();
    expect(await ended).toBe(0);
    expect(server.messages.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, id) => id));
  });

  it('may never read the log', async () => {
    const server = new StdioProcess({ LOG_LEVEL: 'trace' });
    server.child.stderr.removeAllListeners('data').pause();
    for (let id = 0; id < 2_000; id += 1) server.call(id, 'test');
    await server.reply(1_999);
    expect(await server.end()).toBe(0);
  });
});
