import { DEVELOPMENT_ISSUER } from '../../src/config/index.js';
import { SessionService } from '../../src/mcp/index.js';
import { expectRpcRefusal, expectSameAnswer } from '../support/envelopes.js';
import { forge, now, tokenOf } from '../support/forge.js';
import { RawSession } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { type Answer, send } from '../support/wire.js';

const NOT_FOUND = -32001;
const INVALID_REQUEST = -32600;
const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAAA';

let app: TestApp;
let token: string;
let session: RawSession;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());
beforeEach(async () => {
  token = tokenOf('alice', { client_id: 'cli' });
  session = await RawSession.open(app.url, token);
});
afterEach(() => session.close());

/** Posts a ping to `/message` followed by `target`, with more headers. */
function post(target: string, bearer: string, headers: readonly string[] = []): Promise<Answer> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 'intruder', method: 'ping' });
  const all = ['Content-Type', 'application/json', ...headers];
  return send(`${app.url}/message${target}`, { method: 'POST', token: bearer, headers: all, body });
}

const unknown = (): Promise<Answer> => post(`?sessionId=${UNKNOWN_ID}`, token);

/** The owner is served as before, and no other request has got into its stream. */
async function expectUntouched(): Promise<void> {
  expect((await session.request('owner', 'ping')).result).toEqual({});
  expect(session.messages.map(({ id }) => id)).toEqual(['owner']);
}

describe('a session id', () => {
  it('is 128 random bits, and never the same twice', async () => {
    const others = await Promise.all(Array.from({ length: 20 }, () => RawSession.open(app.url, token)));
    const ids = [session, ...others].map(({ id }) => id);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(new Set(ids).size).toBe(21);
    for (let at = 0; at < 22; at += 1) expect(new Set(ids.map((id) => id[at])).size).toBeGreaterThan(1);
    for (const other of others) other.close();
  });

  const near: readonly (readonly [string, (id: string) => string])[] = [
    ['another of its form', () => UNKNOWN_ID],
    ['the last letter changed', (id) => id.slice(0, -1) + (id.endsWith('A') ? 'B' : 'A')],
    [
      'in the other case',
      (id) => id.replace(/[a-z]/gi, (c) => (c < 'a' ? c.toLowerCase() : c.toUpperCase())),
    ],
    ['cut short', (id) => id.slice(0, 21)],
    ['with more behind', (id) => `${id}A`],
    ['with a blank behind', (id) => `${id}%20`],
    ['with NUL behind', (id) => `${id}%00`],
    ['with CR LF behind', (id) => `${id}%0d%0aX-Injected:%201`],
    ['padded', (id) => `${id}%3D%3D`],
    ['encoded twice', (id) => id.replace(/^./, (c) => `%25${c.charCodeAt(0).toString(16)}`)],
    ['as a list', (id) => `${id},${UNKNOWN_ID}`],
    ['a name of Object', () => '__proto__'],
    ['another name of Object', () => 'constructor'],
    ['a path', () => '../../etc/passwd'],
    ['a pattern', () => '*'],
    ['a word of JavaScript', () => 'undefined'],
    ['10 KB', () => 'x'.repeat(10_240)],
    ['broken UTF-8', () => '%ff%fe'],
    ['a broken escape', () => '%zz'],
  ];
  it.each(near)('that is guessed, %s, is unknown', async (_how, guess) => {
    const answer = await post(`?sessionId=${guess(session.id)}`, token);
    expectRpcRefusal(answer, 404, NOT_FOUND);
    expectSameAnswer(answer, await unknown());
    await expectUntouched();
  });
});

describe('another user’s session', () => {
  const others: readonly (readonly [string, () => string])[] = [
    ['another subject, same client', () => tokenOf('mallory', { client_id: 'cli' })],
    ['the same subject, another client', () => tokenOf('alice', { client_id: 'other' })],
    ['the same subject, no client', () => tokenOf('alice')],
    [
      'the same subject, another issuer',
      () => forge({ claims: { iss: DEVELOPMENT_ISSUER, client_id: 'cli' } }),
    ],
    ['the subject in another case', () => tokenOf('Alice', { client_id: 'cli' })],
    ['the subject with a blank', () => tokenOf('alice ', { client_id: 'cli' })],
    ['the subject in full-width letters', () => tokenOf('ａlice', { client_id: 'cli' })],
    ['an administrator', () => tokenOf('root', { client_id: 'cli', scope: 'mcp:access mcp:admin' })],
  ];

  it.each(others)('answers %s as one that does not exist', async (_who, tokenFor) => {
    const answer = await post(`?sessionId=${session.id}`, tokenFor());
    expectRpcRefusal(answer, 404, NOT_FOUND);
    expectSameAnswer(answer, await unknown());
    await expectUntouched();
  });

  it('is not told by what is wrong with the body either', async () => {
    const sending = { method: 'POST', token: tokenOf('mallory'), headers: ['Content-Type', 'text/plain'] };
    const [theirs, nobodys] = await Promise.all(
      [session.id, UNKNOWN_ID].map((id) =>
        send(`${app.url}/message?sessionId=${id}`, { ...sending, body: '{' }),
      ),
    );
    expectRpcRefusal(theirs!, 404, NOT_FOUND);
    expectSameAnswer(theirs!, nobodys!);
  });

  it.each([
    ['a","b', 'c', 'a', 'b","c'],
    ['a', 'bc', 'ab', 'c'],
    ['a', 'b:c', 'a:b', 'c'],
    ['a', 'b c', 'a b', 'c'],
    ['a', 'b\0c', 'a', 'b'],
  ])('is not reached by claims that run together alike: %j and %j, %j and %j', async (...names) => {
    const [owner, ownersClient, sub, client_id] = names;
    const other = await RawSession.open(app.url, tokenOf(owner, { client_id: ownersClient }));
    const answer = await post(`?sessionId=${other.id}`, tokenOf(sub, { client_id }));
    expectRpcRefusal(answer, 404, NOT_FOUND);
    other.close();
  });

  it('keeps its stream when another GET names it', async () => {
    const headers = ['Last-Event-ID', session.id, 'Mcp-Session-Id', session.id];
    for (const bearer of [tokenOf('mallory'), token]) {
      expect((await send(`${app.url}/sse?sessionId=${session.id}`, { token: bearer, headers })).status).toBe(
        200,
      );
    }
    const second = await RawSession.open(app.url, token);
    expect(second.id).not.toBe(session.id);
    await expectUntouched();
    expect(second.messages).toEqual([]);
    second.close();
  });
});

describe('a missing session id', () => {
  const ways: readonly (readonly [string, (id: string) => string])[] = [
    ['absent', () => ''],
    ['empty', () => '?sessionId='],
    ['without a value', () => '?sessionId'],
    ['given twice', (id) => `?sessionId=${id}&sessionId=${id}`],
    ['given twice, one empty', (id) => `?sessionId=&sessionId=${id}`],
    ['an array', (id) => `?sessionId[]=${id}`],
    ['an object', (id) => `?sessionId[id]=${id}`],
    ['in another case', (id) => `?sessionid=${id}`],
    ['under another name', (id) => `?session_id=${id}`],
    ['behind a semicolon', (id) => `?a=b;sessionId=${id}`],
  ];
  it.each(ways)('(%s) falls back to no other session of the caller’s', async (_how, query) => {
    const elsewhere = ['Mcp-Session-Id', session.id, 'Cookie', `sessionId=${session.id}`];
    const answer = await post(query(session.id), token, elsewhere);
    expectRpcRefusal(answer, 400, INVALID_REQUEST);
    await expectUntouched();
  });
});

describe('the owner', () => {
  it('is served with a refreshed token after the first token has expired', async () => {
    const brief = { sub: 'brief', exp: now() + 2 };
    const [left, kept] = await Promise.all([
      RawSession.open(app.url, forge({ claims: brief })),
      RawSession.open(app.url, forge({ claims: brief })),
    ]);
    expect((await post(`?sessionId=${kept.id}`, tokenOf('brief'))).status).toBe(202);
    await left.ended;
    // A timer may fire a little before the clock says so.
    expect(Date.now() - brief.exp * 1000).toBeGreaterThanOrEqual(-5);
    expect((await post(`?sessionId=${kept.id}`, tokenOf('brief'))).status).toBe(202);
    expectSameAnswer(await post(`?sessionId=${left.id}`, tokenOf('brief')), await unknown());
    kept.close();
  });

  it('finds the session gone after it has disconnected', async () => {
    const sessions = app.app.get(SessionService);
    const size = sessions.size;
    session.close();
    await session.until(() => sessions.size < size);
    expectSameAnswer(await post(`?sessionId=${session.id}`, token), await unknown());
  });

  it('finds the session gone after its token was revoked, also with a new one', async () => {
    const own = tokenOf('carol');
    const other = await RawSession.open(app.url, own);
    expect((await send(`${app.url}/auth/revoke`, { method: 'POST', token: own })).status).toBe(200);
    await other.ended;
    expect((await post(`?sessionId=${other.id}`, own)).status).toBe(401);
    expectSameAnswer(await post(`?sessionId=${other.id}`, tokenOf('carol')), await unknown());
  });
});
