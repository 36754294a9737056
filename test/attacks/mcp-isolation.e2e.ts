import { SessionService } from '../../src/mcp/index.js';
import { tokenOf } from '../support/forge.js';
import { RawSession } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { WaitTool } from '../fixtures/hostile.tools.js';

let app: TestApp;
let wait: WaitTool;
let alice: RawSession;
let alicesOther: RawSession;
let bob: RawSession;
let all: RawSession[];

beforeAll(async () => {
  app = await startApp({}, [WaitTool]);
  wait = app.app.get(WaitTool);
});
afterAll(() => app.close());
beforeEach(async () => {
  alice = await RawSession.open(app.url, tokenOf('alice'));
  alicesOther = await RawSession.open(app.url, tokenOf('alice'));
  bob = await RawSession.open(app.url, tokenOf('bob'));
  all = [alice, alicesOther, bob];
});
afterEach(async () => {
  for (const session of all) session.close();
  await bob.until(() => app.app.get(SessionService).size === 0);
});

const textOf = (result: Record<string, unknown> | undefined): unknown =>
  (result?.['content'] as { text: string }[] | undefined)?.[0]?.text;

async function startWaiting(session: RawSession, id: string | number): Promise<WaitTool['calls'][number]> {
  const begun = wait.calls.length;
  await session.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'wait' } });
  await session.until(() => wait.calls.length > begun);
  return wait.calls.at(-1)!;
}

it('200 calls under the same ids, crosswise: each reply on its own stream, once', async () => {
  const calls = all.flatMap((session, owner) =>
    Array.from({ length: 67 }, (_item, id) => ({ session, id, message: `owner ${owner}, call ${id}` })),
  );
  // Neighbours in time are strangers to each other.
  calls.sort((one, other) => one.id - other.id);
  await Promise.all(
    calls.map(async ({ session, id, message }) => {
      const { result } = await session.request(id, 'tools/call', { name: 'echo', arguments: { message } });
      expect(textOf(result)).toBe(`Echo: ${message}`);
    }),
  );
  for (const [owner, session] of all.entries()) {
    expect(session.messages).toHaveLength(67);
    for (const { result } of session.messages) expect(textOf(result)).toContain(`owner ${owner},`);
  }
});

it('a notification of one session reaches no other', async () => {
  for (const session of all) await session.request('level', 'logging/setLevel', { level: 'debug' });
  const params = { protocolVersion: '2025-06-18', clientInfo: { name: 'x', version: '1' }, capabilities: {} };
  expect((await alice.request('init', 'initialize', params)).result).toBeDefined();
  // Initialized is only the one that asked: its other session and a stranger's may still do so.
  for (const session of [alicesOther, bob]) {
    expect((await session.request('init', 'initialize', params)).result).toBeDefined();
    expect(session.messages.map(({ id }) => id)).toEqual(['level', 'init']);
  }
  expect((await alice.request('again', 'initialize', params)).error?.code).toBe(-32600);
});

const cancel = (requestId: unknown) => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId, reason: 'x' },
});

describe('a cancellation', () => {
  it('of another user’s request, or of another session’s, does nothing', async () => {
    const call = await startWaiting(alice, 7);
    for (const session of [bob, alicesOther]) {
      expect((await session.post(cancel(7))).status).toBe(202);
      expect((await session.request('after', 'ping')).result).toEqual({});
    }
    expect(call.aborted).toBe(false);
    call.release();
    expect(textOf((await alice.reply(7)).result)).toBe('released');
  });

  it.each(['7', 7.5, null, { id: 7 }, [7], true, undefined, '__proto__'])(
    'of %j is not one of the request 7',
    async (id) => {
      const call = await startWaiting(alice, 7);
      expect((await alice.post(cancel(id))).status).toBe(202);
      expect((await alice.request('after', 'ping')).result).toEqual({});
      expect(call.aborted).toBe(false);
      call.release();
      expect(textOf((await alice.reply(7)).result)).toBe('released');
    },
  );

  it('of one’s own request ends it without a reply', async () => {
    const call = await startWaiting(alice, 7);
    await alice.post(cancel(7));
    await alice.until(() => call.aborted);
    expect((await alice.request('after', 'ping')).result).toEqual({});
    expect(alice.messages.map(({ id }) => id)).toEqual(['after']);
  });
});

it('a session refuses the id of a running call, other sessions take it, and the call still gets its reply', async () => {
  const call = await startWaiting(alice, 7);
  const again = await alice.post({ jsonrpc: '2.0', id: 7, method: 'ping' });
  expect([again.status, await again.json()]).toMatchObject([400, { id: null, error: { code: -32600 } }]);
  expect((await bob.request(7, 'ping')).result).toEqual({});
  expect((await alicesOther.request(7, 'ping')).result).toEqual({});
  call.release();
  expect(textOf((await alice.reply(7)).result)).toBe('released');
});

it('the end of one session aborts its calls, and no other', async () => {
  const [own, other] = [await startWaiting(alice, 1), await startWaiting(alicesOther, 1)];
  alice.close();
  await bob.until(() => own.aborted);
  expect((await bob.request('after', 'ping')).result).toEqual({});
  expect(other.aborted).toBe(false);
  other.release();
  expect(textOf((await alicesOther.reply(1)).result)).toBe('released');
});

it('a client that never reads harms no other', async () => {
  const deaf = await RawSession.open(app.url, tokenOf('deaf'));
  deaf.response.pause();
  const params = { name: 'echo', arguments: { message: 'x'.repeat(100_000) } };
  const size = app.app.get(SessionService).size;
  for (let id = 0; app.app.get(SessionService).size === size; id += 1) {
    if (id > 400) throw new Error('40 MB were kept for it');
    await (await deaf.post({ jsonrpc: '2.0', id, method: 'tools/call', params })).text();
  }
  for (const session of all) expect((await session.request('after', 'ping')).result).toEqual({});
  deaf.close();
});
