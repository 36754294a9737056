import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import {
  type LoggingLevel,
  LoggingMessageNotificationSchema,
  type Progress,
} from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { type McpTool, Tool, type CallContext } from '../../src/mcp/index.js';
import { Gate, GATED } from '../support/gate.tool.js';
import { RawSession } from '../support/raw-session.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { connectSdk, textOf } from '../support/sdk-client.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const LEVELS: LoggingLevel[] = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
];

const KEYED = z.object({ key: z.string() });

@Tool({ name: 'reports-progress', description: 'Tells how far it is, and waits.', input: KEYED })
class ProgressTool implements McpTool<typeof KEYED> {
  constructor(private readonly gate: Gate) {}

  execute({ key }: z.infer<typeof KEYED>, context: CallContext): Promise<string> {
    // The second 1 and what is no number are mistakes: progress must grow, and JSON has to have it.
    for (const done of [1, 1, Number.NaN, 1 / 0, 2.5]) context.progress(done, { total: 3 });
    context.progress(2.75, { total: 1 / 0, message: 'nearly' });
    const held = this.gate.hold(key, context.signal);
    return held.finally(() => setImmediate(() => context.progress(3)));
  }
}

@Tool({ name: 'talks', description: 'Sends a log message of each level.' })
class TalkingTool implements McpTool {
  execute(_input: Record<string, never>, context: CallContext): string {
    for (const level of LEVELS) context.log(level, { said: level }, 'talker');
    return 'said';
  }
}

const waitFor = (id: string | number, key: string) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'wait', arguments: { key } },
});

let app: TestApp;
let gate: Gate;
let client: Client;
let logs: RecordedLogs;

beforeAll(async () => {
  app = await startApp({}, [...GATED, ProgressTool, TalkingTool]);
  gate = app.app.get(Gate, { strict: false });
  logs = RecordedLogs.of(app);
});

beforeEach(async () => {
  client = await connectSdk(app.url, await app.token());
});

afterEach(() => client.close());
afterAll(() => app.close());

const wait = (key: string, options?: { signal: AbortSignal }) =>
  client.callTool({ name: 'wait', arguments: { key } }, undefined, options);

const outcomes = () => logs.events('call.ended').map(({ outcome }) => outcome);

describe('two calls in flight', () => {
  it('are answered out of order, each with its own reply', async () => {
    const [first, second] = [wait('first'), wait('second')];
    (await gate.held('second')).release('of the second');
    expect(textOf(await second)).toBe('of the second');
    (await gate.held('first')).release('of the first');
    expect(textOf(await first)).toBe('of the first');
  });

  it('with the same id in two sessions each get their own reply', async () => {
    const token = await app.token();
    const [one, other] = [await RawSession.open(app.url, token), await RawSession.open(app.url, token)];
    await Promise.all([one.post(waitFor(1, 'one')), other.post(waitFor(1, 'other'))]);
    (await gate.held('other')).release('other');
    (await gate.held('one')).release('one');
    const replies = [await one.reply(1), await other.reply(1)];
    expect(replies.map(({ result }) => textOf(result))).toEqual(['one', 'other']);
    expect([one.messages.length, other.messages.length]).toEqual([1, 1]);
    one.close();
    other.close();
  });
});

describe('progress', () => {
  it('reaches a client that asks for it while the call runs, growing, and not after it', async () => {
    const told: Progress[] = [];
    const call = client.callTool({ name: 'reports-progress', arguments: { key: 'p' } }, undefined, {
      onprogress: (progress) => told.push(progress),
    });
    await until(() => told.length === 3);
    const errors: Error[] = [];
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a Client is no EventTarget
    client.onerror = (error) => errors.push(error);
    (await gate.held('p')).release('done');
    expect(textOf(await call)).toBe('done');
    await client.ping();
    expect(told).toEqual([
      { progress: 1, total: 3 },
      { progress: 2.5, total: 3 },
      { progress: 2.75, message: 'nearly' },
    ]);
    expect(errors).toEqual([]);
  });
});

describe('a call is given up', () => {
  it('when its tool takes too long: the model is told, the tool’s signal fires', async () => {
    const result = await client.callTool({ name: 'impatient', arguments: { key: 'slow' } });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toBe('impatient: The call took longer than it may');
    expect((await gate.held('slow')).signal.reason).toMatchObject({ outcome: 'timeout' });
    expect(outcomes().at(-1)).toBe('timeout');
  });

  it('when the client cancels it', async () => {
    const cancel = new AbortController();
    const call = wait('cancelled', { signal: cancel.signal });
    const { signal } = await gate.held('cancelled');
    cancel.abort();
    await expect(call).rejects.toThrow();
    await until(() => signal.aborted);
    expect(signal.reason).toMatchObject({ outcome: 'cancelled' });
    expect(textOf(await client.callTool({ name: 'test' }))).toBe('Security check successful');
  });

  it('without a reply when it is cancelled', async () => {
    const session = await RawSession.open(app.url, await app.token());
    await session.post(waitFor('c', 'unanswered'));
    const held = await gate.held('unanswered');
    await session.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'other' } });
    expect(held.signal.aborted).toBe(false);
    await session.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'c' } });
    await until(() => held.signal.aborted);
    held.release('too late');
    await session.request('after', 'ping');
    expect(session.messages.map(({ id }) => id)).toEqual(['after']);
    expect(outcomes().at(-1)).toBe('cancelled');
    session.close();
  });

  it('when the client disconnects', async () => {
    const call = wait('left').catch(() => undefined);
    const { signal } = await gate.held('left');
    await client.close();
    await until(() => signal.aborted);
    await call;
    expect(signal.reason).toMatchObject({ outcome: 'client_disconnected' });
    await until(() => outcomes().at(-1) === 'client_disconnected');
    expect(logs.endings.at(-1)).toBe('client_disconnected');
  });
});

describe('log messages of a tool', () => {
  it.each([
    ['info and above, when the client says nothing', undefined, LEVELS.slice(1)],
    ['all of them, when it wants debug', 'debug', LEVELS],
    ['error and above, when it wants error', 'error', LEVELS.slice(4)],
    ['emergencies only', 'emergency', ['emergency']],
  ] as const)('reach the client: %s', async (_name, level, expected) => {
    const heard: unknown[] = [];
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void heard.push(params));
    if (level !== undefined) await client.setLoggingLevel(level);
    await client.callTool({ name: 'talks' });
    expect(heard).toEqual(expected.map((level) => ({ level, logger: 'talker', data: { said: level } })));
  });

  it('go on at the same level after an unknown one', async () => {
    const session = await RawSession.open(app.url, await app.token());
    const reply = await session.request(1, 'logging/setLevel', { level: 'verbose' });
    session.close();
    expect(reply.error).toMatchObject({ code: -32602, message: expect.stringContaining('emergency') });
  });
});
