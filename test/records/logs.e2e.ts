import { withExtraTool } from '../support/extra-tool.js';
import { RawSession } from '../support/raw-session.js';
import { textOf } from '../support/sdk-client.js';
import { type LogLine, ServerProcess } from '../support/server-process.js';
import { PUBLIC_URL, SECRET, takeToken } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';

/** Line breaks, a forged line, what clears and colours a terminal, what turns the text. */
const HOSTILE = 'x\r\n{"event":"forged"}\u001b[2J\u009b31m\u2028\u202e\u0000\u061c\u200b\ufeff\u{e0041}';
const UNSAFE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const start = async (env: Record<string, string>): Promise<ServerProcess> => {
  const server = await ServerProcess.spawn({
    NODE_ENV: 'development',
    PUBLIC_URL,
    JWT_SECRET: SECRET,
    LOG_LEVEL: 'trace',
    ...withExtraTool('breaking'),
    ...env,
  });
  await server.until(() => server.output.includes('server.started'));
  return server;
};

const call = (name: string, args: Record<string, unknown> = {}) => ({ name, arguments: args });

describe('a day of the server, in its log', () => {
  let server: ServerProcess;
  let token: string;
  let session: RawSession;

  const event = (name: string): LogLine[] => server.events(name);

  beforeAll(async () => {
    server = await start({});
    token = await takeToken(server.url, 'canary-user', 'mcp:access');
    session = await RawSession.open(server.url, token);
    await session.request('id-1', 'tools/call', call('echo', { message: 'canary-argument' }));
    await session.request('id-2', 'tools/call', call('echo', { message: ['canary-mistyped'] }));
    await session.request('id-3', 'tools/call', call('canary-tool', { message: 'canary-argument' }));
    await session.request('id-4', 'tools/call', call('breaking', { seconds: 0 }));
    await session.post('{"canary-body":');
    await fetch(`${server.url}/sse`, { headers: { Authorization: `Bearer ${token}x` } });
    await fetch(`${server.url}/sse?access_token=canary-query`);
    await fetch(`${server.url}/message?sessionId=canary-session`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, Cookie: 'canary=cookie', 'User-Agent': 'canary-agent' },
    });
    session.close();
    await until(() => event('session.closed').length > 0);
    await server.stop();
  });

  it('each line is JSON with a level and a time', () => {
    const lines = server.output.trimEnd().split('\n');
    for (const line of lines) {
      const { level, time } = JSON.parse(line) as LogLine;
      expect(level).toMatch(/^(trace|debug|info|warn|error)$/);
      expect(time).toMatch(TIME);
    }
  });

  it('has the start and the stop', () => {
    expect(event('server.started')).toMatchObject([
      { level: 'info', url: PUBLIC_URL, environment: 'development' },
    ]);
    expect(event('server.stopping')).toMatchObject([{ reason: 'SIGTERM' }]);
    expect(server.logs.at(-1)).toMatchObject({ event: 'server.stopped' });
    const [first, last] = [server.logs[0]!, server.logs.at(-1)!].map(({ time }) => Date.parse(String(time)));
    expect(last).toBeGreaterThan(first!);
  });

  it('has the session under one name of its own, with its owner', () => {
    const [opened, closed] = [event('session.opened'), event('session.closed')];
    expect(opened).toMatchObject([{ subject: 'canary-user', client: '', session: expect.any(String) }]);
    expect(closed).toMatchObject([
      { session: opened[0]!['session'], reason: 'client_disconnected', seconds: expect.any(Number) },
    ]);
    expect(opened[0]!['session']).not.toBe(session.id);
  });

  it('has each call: who, what, how it ended, how long it took', () => {
    const [{ session: name } = {}] = event('session.opened');
    const shared = { session: name, subject: 'canary-user', level: 'info', durationMs: expect.any(Number) };
    expect(event('call.ended')).toMatchObject([
      { ...shared, requestId: 'id-1', tool: 'echo', outcome: 'ok' },
      { ...shared, requestId: 'id-2', tool: 'echo', outcome: 'invalid_arguments' },
      { ...shared, requestId: 'id-3', kind: 'tool', outcome: 'unknown' },
      { ...shared, requestId: 'id-4', tool: 'breaking', outcome: 'error' },
    ]);
    expect(event('call.begun').map(({ requestId }) => requestId)).toEqual(['id-1', 'id-2', 'id-4']);
  });

  it('has what broke, with its stack, by the reference that the client got', () => {
    const reference = /[0-9a-f-]{36}$/.exec(textOf(session.messages[3]!.result))![0];
    expect(event('call.failed')).toMatchObject([
      {
        level: 'error',
        tool: 'breaking',
        reference,
        err: {
          type: 'Error',
          stack: expect.stringMatching(/\n +at /),
          cause: {
            stack: expect.stringMatching(/\n +at /),
            cause: { message: 'the root of it', stack: expect.stringMatching(/\n +at /) },
          },
        },
      },
    ]);
  });

  it('has what was refused, and why', () => {
    expect(event('auth.refused').map(({ code }) => code)).toEqual(['bad_signature', 'token_in_query']);
    expect(event('request.refused')).toMatchObject([
      { level: 'warn', method: 'POST', path: '/message', status: 400, reason: 'malformed_json' },
      { level: 'warn', method: 'POST', path: '/message', status: 404, reason: 'unknown_session' },
    ]);
  });

  it('has no token, secret, argument or session id', () => {
    const [header, payload, signature] = token.split('.');
    for (const secret of [payload!, signature!, `${header}.`, SECRET, session.id]) {
      expect(server.output).not.toContain(secret);
    }
    expect(server.output.replaceAll('"canary-user"', '')).not.toContain('canary');
  });
});

describe.each(['json', 'pretty'])('LOG_FORMAT=%s', (format) => {
  let server: ServerProcess;
  let session: RawSession;

  beforeAll(async () => {
    server = await start({ LOG_FORMAT: format });
    const token = await signToken({ sub: 'turned\u202etxet', clientId: HOSTILE });
    session = await RawSession.open(server.url, token);
    await session.request(HOSTILE, 'tools/call', call('test'));
    await session.request(2, 'tools/call', call(HOSTILE));
    await session.request(3, HOSTILE);
  });

  it.each([0, 1, 2, 3, 4, 5])(
    'a tool that throws anything (%d) is logged, and answered with a reference',
    async (which) => {
      const { result } = await session.request(
        10 + which,
        'tools/call',
        call('breaking', { seconds: which }),
      );
      const [, reference] = /^breaking failed; .* ([0-9a-f-]{36})$/.exec(textOf(result))!;
      await server.until(() => server.output.includes(reference!));
      expect(server.output).toContain('call.failed');
    },
  );

  it('nothing that a client or a tool says forges a line, moves a cursor or turns the text', async () => {
    await server.stop();
    const firstOfEvent = format === 'json' ? /^\{"level":/ : /^\[\d\d:\d\d:\d\d\.\d{3}\] [A-Z]+: | {2}/;
    const lines = server.output.trimEnd().split('\n');
    expect(UNSAFE.exec(server.output)?.[0]).toBeUndefined();
    expect(lines.filter((line) => !firstOfEvent.test(line))).toEqual([]);
    expect(lines.filter((line) => line.startsWith('{"event":"forged"}'))).toEqual([]);
    expect(server.output).toMatch(/\\+u001b\[2J/);
  });
});
