import { DEVELOPMENT_ISSUER } from '../../src/config/index.js';
import { SessionService } from '../../src/mcp/index.js';
import { CountTool } from '../support/count.tool.js';
import { RawSession } from '../support/raw-session.js';
import { expectChallenge, expectRpcRefusal, expectSameAnswer } from '../support/envelopes.js';
import { forge, now, tokenOf } from '../support/forge.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { type Answer, send } from '../support/wire.js';

const NOT_FOUND = -32001;
const INVALID_REQUEST = -32600;
const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAAA';
const LIMIT = 100;
const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 'late',
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'by-hand', version: '1' },
  },
});
const BODY = JSON.stringify({
  jsonrpc: '2.0',
  id: 'intruder',
  method: 'tools/call',
  params: { name: 'test' },
});

let app: TestApp;
let token: string;
let session: McpEndpoint;
let replyEvent: string;
beforeAll(async () => {
  app = await startApp({}, [CountTool]);
});
afterAll(() => app.close());
beforeEach(async () => {
  token = tokenOf('alice', { client_id: 'cli' });
  session = await McpEndpoint.open(app.url, token);
});
afterEach(() => remove(session.sessionId!, token));

/** Everything right but for the session and for who asks. */
const using = (bearer: string, ...headers: string[]) => ({
  token: bearer,
  headers: ['Accept', 'application/json, text/event-stream', 'Content-Type', 'application/json', ...headers],
});
const asked = (id: string) => ['Mcp-Session-Id', id];
const remove = (id: string, bearer: string): Promise<Answer> =>
  send(`${app.url}/mcp`, { method: 'DELETE', ...using(bearer, ...asked(id)) });

/** The ways into a session. */
const WAYS: readonly (readonly [string, (bearer: string, headers: readonly string[]) => Promise<Answer>])[] =
  [
    [
      'POST',
      (bearer, headers) =>
        send(`${app.url}/mcp`, { method: 'POST', ...using(bearer, ...headers), body: BODY }),
    ],
    [
      'POST of a bad body',
      (bearer, headers) =>
        send(`${app.url}/mcp`, { method: 'POST', ...using(bearer, ...headers), body: '{' }),
    ],
    ['GET', (bearer, headers) => send(`${app.url}/mcp`, using(bearer, ...headers))],
    [
      'GET with Last-Event-ID',
      (bearer, headers) => send(`${app.url}/mcp`, using(bearer, 'Last-Event-ID', replyEvent, ...headers)),
    ],
    [
      'DELETE',
      (bearer, headers) => send(`${app.url}/mcp`, { method: 'DELETE', ...using(bearer, ...headers) }),
    ],
  ];

async function expectServed(): Promise<void> {
  expect((await session.request('owner', 'ping')).result).toEqual({});
}

describe.each(WAYS)('%s', (way, attempt) => {
  beforeEach(async () => {
    if (way !== 'GET with Last-Event-ID') return;
    const params = { name: 'count', _meta: { progressToken: 'p' } };
    const counting = session.begin('count', 'tools/call', params);
    await until(() => session.notices.length === 2);
    CountTool.release();
    replyEvent = /^id: (.*)$/m.exec((await counting.answer).text)![1]!;
  });

  it.each([
    ['another subject, same client', () => tokenOf('mallory', { client_id: 'cli' })],
    ['the same subject, another client', () => tokenOf('alice', { client_id: 'other' })],
    ['the same subject, no client', () => tokenOf('alice')],
    [
      'the same subject, another issuer',
      () => forge({ claims: { iss: DEVELOPMENT_ISSUER, client_id: 'cli' } }),
    ],
    ['a subject and a client that run together alike', () => tokenOf('alicec', { client_id: 'li' })],
    ['an administrator', () => tokenOf('root', { client_id: 'cli', scope: 'mcp:access mcp:admin' })],
  ])('to another user’s session is answered as to one that does not exist: %s', async (_who, tokenFor) => {
    const theirs = await attempt(tokenFor(), asked(session.sessionId!));
    expectRpcRefusal(theirs, 404, NOT_FOUND);
    expectSameAnswer(theirs, await attempt(tokenFor(), asked(UNKNOWN_ID)));
    await expectServed();
  });

  it.each([
    ['the last letter changed', (id: string) => id.slice(0, -1) + (id.endsWith('A') ? 'B' : 'A')],
    [
      'in the other case',
      (id: string) => id.replace(/[a-z]/gi, (c) => (c < 'a' ? c.toLowerCase() : c.toUpperCase())),
    ],
    ['cut short', (id: string) => id.slice(0, 21)],
    ['with more behind', (id: string) => `${id}A`],
    ['as a list', (id: string) => `${id}, ${UNKNOWN_ID}`],
    ['a name of Object', () => '__proto__'],
    ['a pattern', () => '*'],
    ['a key of the store', (id: string) => `session:${id}`],
    ['4 KB', () => 'x'.repeat(4_096)],
  ])('with an id that is guessed is unknown: %s', async (_how, guess) => {
    expectRpcRefusal(await attempt(token, asked(guess(session.sessionId!))), 404, NOT_FOUND);
    await expectServed();
  });

  it.each([
    ['none', () => []],
    ['an empty one', () => asked('')],
    ['the same one twice', (id: string) => [...asked(id), ...asked(id)]],
    ['two', (id: string) => [...asked(id), ...asked(UNKNOWN_ID)]],
    ['two, the good one last', (id: string) => [...asked(UNKNOWN_ID), ...asked(id)]],
    ['one in a cookie', (id: string) => ['Cookie', `Mcp-Session-Id=${id}`]],
  ])('with %s falls back to no session of the caller’s', async (_how, headersFor) => {
    const headers = headersFor(session.sessionId!);
    const answer = await attempt(token, headers);
    // An empty one counts as none: the message is read, and its error carries its id.
    const isRead = headers.filter((name) => name === 'Mcp-Session-Id').length < 2 || headers[1] === '';
    const code = way === 'POST of a bad body' && isRead ? -32700 : INVALID_REQUEST;
    expectRpcRefusal(answer, 400, code, way === 'POST' && isRead ? 'intruder' : null);
    await expectServed();
  });

  it('to a session of the other transport is unknown', async () => {
    const other = await RawSession.initialized(app.url, token);
    expectRpcRefusal(await attempt(token, asked(other.id)), 404, NOT_FOUND);
    expect((await other.request('still', 'ping')).result).toEqual({});
    other.close();
  });

  it('after DELETE finds nothing, nor what was said before', async () => {
    expect((await remove(session.sessionId!, token)).status).toBe(204);
    expectRpcRefusal(await attempt(token, asked(session.sessionId!)), 404, NOT_FOUND);
  });

  it('after a revocation needs another token, and finds nothing', async () => {
    const own = tokenOf('carol', { iat: now() - 1 });
    const gone = await McpEndpoint.open(app.url, own);
    expect((await send(`${app.url}/auth/revoke`, { method: 'POST', token: own })).status).toBe(200);
    const headers = asked(gone.sessionId!);
    expectChallenge(await attempt(own, headers), { route: '/mcp', error: 'invalid_token' });
    expectRpcRefusal(await attempt(tokenOf('carol'), headers), 404, NOT_FOUND);
  });
});

describe('the owner', () => {
  it('is served with a refreshed token after the first token has expired', async () => {
    const brief = { sub: 'brief', exp: now() + 2 };
    const kept = await McpEndpoint.open(app.url, forge({ claims: brief }));
    const fresh = tokenOf('brief');
    const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
    expect((await kept.send(ping, { token: fresh })).status).toBe(200);
    await until(() => Date.now() > brief.exp * 1_000 + 600);
    expect((await kept.send(ping, { token: fresh })).status).toBe(200);
  });

  it('has more than one stream, and ends none by a GET of another caller', async () => {
    const endpoint = await McpEndpoint.open(app.url, token);
    const stranger = new McpEndpoint(app.url, tokenOf('mallory'));
    stranger.sessionId = endpoint.sessionId;
    const streams = [await endpoint.get()];
    expect((await stranger.get()).status).toBe(404);
    streams.push(await endpoint.get());
    const session = app.app
      .get(SessionService)
      .list()
      .find(({ id }) => id === endpoint.sessionId)!;
    session.send('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}');
    await endpoint.delete();
    const [older, newer] = await Promise.all(streams.map((stream) => stream.text()));
    expect(older).not.toContain('list_changed');
    expect(newer).toContain('list_changed');
  });

  it('has its streams closed by the revocation', async () => {
    const own = tokenOf('rita');
    const endpoint = await McpEndpoint.open(app.url, own);
    const stream = await endpoint.get();
    await send(`${app.url}/auth/revoke`, { method: 'POST', token: own });
    await stream.text();
  });

  it('has no more sessions than it may hold, whichever the transport, and also when all come at once', async () => {
    const crowd = tokenOf('crowd');
    const sessions = app.app.get(SessionService);
    const own = () => sessions.list().filter(({ principal }) => principal.subject === 'crowd');
    const most = { held: 0 };
    const attempts = await Promise.allSettled(
      Array.from({ length: LIMIT + 10 }, async () => {
        const endpoint = await McpEndpoint.open(app.url, crowd);
        most.held = Math.max(most.held, own().length);
        return endpoint;
      }),
    );
    const opened = attempts.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    // Those that are not in use end for the next ones.
    expect(most.held).toBe(LIMIT);
    expect(own()).toHaveLength(LIMIT);
    const left = opened.filter(({ sessionId }) => own().some(({ id }) => id === sessionId));
    expect(left).toHaveLength(LIMIT);
    const streams = await Promise.all(left.map((endpoint) => endpoint.get()));
    expect(streams.map(({ status }) => status)).toEqual(Array(LIMIT).fill(200));
    expectRpcRefusal(await send(`${app.url}/sse`, { token: crowd }), 429, INVALID_REQUEST);
    const late = await send(`${app.url}/mcp`, { method: 'POST', ...using(crowd), body: INITIALIZE });
    expectRpcRefusal(late, 429, INVALID_REQUEST, 'late');
    expect(own()).toHaveLength(LIMIT);
    await Promise.all(left.map((endpoint) => endpoint.delete()));
    await Promise.all(streams.map((stream) => stream.text()));
    expect(own()).toEqual([]);
    await remove((await McpEndpoint.open(app.url, crowd)).sessionId!, crowd);
  });
});
