import { MCP_OPTIONS, type McpModuleOptions } from '../../src/mcp/mcp.options.js';
import { SessionService } from '../../src/mcp/index.js';
import { ASKING } from '../support/asking.tools.js';
import { RawSession } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp({}, ASKING);
});

afterAll(() => app.close());

interface Message {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { code: number; message: string };
}

const NAMED = { action: 'accept', content: { name: 'Alice' } };
const HELLO = { content: [{ type: 'text', text: 'Hello, Alice!' }] };
const open: RawSession[] = [];
afterEach(() => open.splice(0).forEach((session) => session.close()));

/** An initialized session that has declared what it can be asked. */
async function connect(
  username = 'alice',
  protocolVersion = '2025-11-25',
  capabilities: unknown = { elicitation: {}, sampling: {}, roots: {} },
): Promise<RawSession> {
  const session = await RawSession.open(app.url, await app.token(username));
  open.push(session);
  const clientInfo = { name: 'by-hand', version: '1' };
  await session.request('init', 'initialize', { protocolVersion, capabilities, clientInfo });
  return session;
}

const messagesOf = (session: RawSession): Message[] => session.messages as Message[];
const start = (session: RawSession, id: number, name: string): Promise<Response> =>
  session.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: {} } });

async function question(session: RawSession, nth = 0): Promise<Message & { id: string }> {
  const asked = (): Message[] => messagesOf(session).filter(({ id, method }) => id && method);
  await session.until(() => asked().length > nth);
  return asked()[nth] as Message & { id: string };
}

const answer = (session: RawSession, id: string | number, result: unknown): Promise<Response> =>
  session.post({ jsonrpc: '2.0', id, result });
const cancellations = (session: RawSession): unknown[] =>
  messagesOf(session)
    .filter(({ method }) => method === 'notifications/cancelled')
    .map(({ params }) => params?.['requestId']);
const waiting = (): number =>
  app.app
    .get(SessionService, { strict: false })
    .list()
    .reduce((total, session) => total + session.inputRequests.size, 0);

describe('a question to the client of a session', () => {
  it('has an id that no client can name before it is asked, and another one each time', async () => {
    const session = await connect();
    await start(session, 1, 'greet');
    await start(session, 2, 'greet');
    const ids = [(await question(session)).id, (await question(session, 1)).id];
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/);
    for (const id of ids) await answer(session, id, NAMED);
    expect((await session.reply(1)).result).toEqual(HELLO);
    expect((await session.reply(2)).result).toEqual(HELLO);
  });

  it('has no mode where it is a form', async () => {
    const session = await connect('alice', '2025-06-18');
    await start(session, 1, 'greet');
    const { params } = await question(session);
    expect(Object.keys(params!).toSorted()).toEqual(['message', 'requestedSchema']);
  });

  it('is answered by its own session only: not by another of the same user, nor by another user’s', async () => {
    const [mine, second, mallory] = [await connect(), await connect(), await connect('mallory')];
    await start(mine, 1, 'greet');
    await start(mallory, 1, 'greet');
    const { id } = await question(mine);
    for (const session of [second, mallory]) {
      expect((await answer(session, id, { action: 'accept', content: { name: 'Mallory' } })).status).toBe(
        202,
      );
    }
    // The endpoint of another user's session is no way in either.
    const stolen = await fetch(`${app.url}${mine.endpoint}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await app.token('mallory')}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id, result: { action: 'decline' } }),
    });
    expect(stolen.status).toBe(404);
    await answer(mine, id, NAMED);
    expect((await mine.reply(1)).result).toEqual(HELLO);
    expect(messagesOf(mallory).some(({ result }) => result?.['content'])).toBe(false);
  });

  it('takes the first answer: a second, an unknown and a late one are ignored', async () => {
    const session = await connect();
    await start(session, 1, 'greet');
    const { id } = await question(session);
    for (const other of ['unknown', 1, '__proto__', 'init']) {
      expect((await answer(session, other, { action: 'decline' })).status).toBe(202);
    }
    await answer(session, id, NAMED);
    expect((await answer(session, id, { action: 'decline' })).status).toBe(202);
    expect((await session.reply(1)).result).toEqual(HELLO);
    expect((await answer(session, id, { action: 'decline' })).status).toBe(202);
    expect((await session.request(2, 'ping')).result).toEqual({});
  });

  it.each([
    [
      { code: -1, message: 'User rejected' },
      'The client answered elicitation/create with an error: User rejected',
    ],
    [
      { code: -1, message: 'x'.repeat(10_000) },
      `The client answered elicitation/create with an error: ${'x'.repeat(500)}`,
    ],
    [{}, 'The client answered elicitation/create with an error'],
    ['text', 'The client answered elicitation/create with an error'],
    [null, 'The client answered elicitation/create with an error'],
  ])('fails for the model to read where the client answers with an error', async (error, text) => {
    const session = await connect();
    await start(session, 1, 'greet');
    const { id } = await question(session);
    await session.post({ jsonrpc: '2.0', id, error });
    expect((await session.reply(1)).result).toEqual({ content: [{ type: 'text', text }], isError: true });
  });

  it.each([12345, null, 'yes', [], {}, { action: 'maybe' }, { action: 'accept', content: { name: {} } }])(
    'fails where the answer is none: %j',
    async (result) => {
      const session = await connect();
      await start(session, 1, 'greet');
      await answer(session, (await question(session)).id, result);
      expect((await session.reply(1)).result).toMatchObject({ isError: true });
    },
  );

  it.each([
    ['greet', {}, 'elicitation.form'],
    ['greet', { elicitation: { url: {} } }, 'elicitation.form'],
    ['visit', { elicitation: {} }, 'elicitation.url'],
    ['ask-model', { elicitation: {} }, 'sampling'],
    ['all-at-once', { elicitation: {}, sampling: {} }, 'roots'],
  ])('is not asked where the client cannot: %s with %j', async (tool, capabilities, name) => {
    const session = await connect('alice', '2025-11-25', capabilities);
    await start(session, 1, tool);
    expect((await session.reply(1)).result).toEqual({
      content: [{ type: 'text', text: `This client cannot be asked: it does not declare ${name}` }],
      isError: true,
    });
    // What else the same call had asked is taken back.
    const asked = messagesOf(session).filter(({ id, method }) => id && method);
    expect(cancellations(session)).toEqual(asked.map(({ id }) => id));
    expect(waiting()).toBe(0);
  });

  it('is taken back when the client cancels the call', async () => {
    const session = await connect();
    await start(session, 1, 'greet');
    const { id } = await question(session);
    await session.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
    await session.until(() => cancellations(session).length > 0);
    expect(cancellations(session)).toEqual([id]);
    await answer(session, id, NAMED);
    expect((await session.request(2, 'ping')).result).toEqual({});
    expect(messagesOf(session).some((message) => message.id === 1)).toBe(false);
    expect(waiting()).toBe(0);
  });

  it('is taken back when the tool does not wait for it', async () => {
    const session = await connect();
    await start(session, 1, 'never-mind');
    expect((await session.reply(1)).result).toMatchObject({ content: [{ text: 'done' }] });
    expect(cancellations(session)).toEqual([(await question(session)).id]);
    expect(waiting()).toBe(0);
  });

  it('is taken back, while it still can be, when the server ends the session', async () => {
    const session = await connect();
    await start(session, 1, 'greet');
    const { id } = await question(session);
    const service = app.app.get(SessionService, { strict: false });
    service.close(
      service.list().find((candidate) => candidate.id === session.id)!,
      'max_age',
    );
    await session.ended;
    expect(cancellations(session)).toEqual([id]);
    expect(waiting()).toBe(0);
  });

  it('is forgotten with its session', async () => {
    const session = await connect();
    await start(session, 1, 'greet');
    await question(session);
    expect(waiting()).toBe(1);
    session.close();
    await until(() => waiting() === 0);
  });

  it('waits for so long and no longer, while the time of the call stands still', async () => {
    const options: { inputTimeoutMs: number; callTimeoutMs: number } = app.app.get<McpModuleOptions>(
      MCP_OPTIONS,
      { strict: false },
    );
    const { inputTimeoutMs, callTimeoutMs } = options;
    Object.assign(options, { inputTimeoutMs: 300, callTimeoutMs: 50 });
    try {
      const session = await connect();
      await start(session, 1, 'greet');
      const { id } = await question(session);
      expect((await session.reply(1)).result).toEqual({
        content: [{ type: 'text', text: 'The client did not answer elicitation/create in time' }],
        isError: true,
      });
      expect(cancellations(session)).toEqual([id]);
      expect(waiting()).toBe(0);
    } finally {
      Object.assign(options, { inputTimeoutMs, callTimeoutMs });
    }
  });
});
