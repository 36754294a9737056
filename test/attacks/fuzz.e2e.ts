import { SessionService } from '../../src/mcp/index.js';
import { type EraClient, ENVELOPE, ERAS } from '../support/eras/index.js';
import { tokenOf } from '../support/forge.js';
import { RawSession, type Reply } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { type Answer, send, sendBytes } from '../support/wire.js';
import { Fuzzer, readableId } from '../fixtures/fuzzer.js';

/** Another one finds other things: `FUZZ_SEED=$RANDOM npm run test:security -- fuzz`. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_122);
const AT_ONCE = 16;

const HEADERS = [
  'Accept',
  'Authorization',
  'Content-Type',
  'Content-Encoding',
  'Cookie',
  'Expect',
  'Forwarded',
  'Host',
  'If-None-Match',
  'Last-Event-ID',
  'Mcp-Method',
  'Mcp-Name',
  'Mcp-Protocol-Version',
  'Mcp-Session-Id',
  'Origin',
  'Range',
  'Transfer-Encoding',
  'Upgrade',
  'X-Forwarded-For',
];
const VALUES = [
  '',
  '*/*',
  'gzip',
  'chunked',
  'null',
  'localhost',
  'application/json',
  '100-continue',
  '__proto__',
  '0',
  '2026-07-28',
  'tools/call',
  '=?base64?AA==?=',
];
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'];
const PATHS = [
  '/',
  '/sse',
  '/message',
  '/mcp',
  '/auth/token',
  '/auth/revoke',
  '/health/ready',
  '/health/none',
  '/SSE/',
];

let app: TestApp;
let token: string;
let session: RawSession;
beforeAll(async () => {
  app = await startApp();
  token = tokenOf('fuzzed');
  session = await RawSession.open(app.url, token);
});
afterAll(async () => {
  session.close();
  await app.close();
});

/** Runs `times` rounds, a few at once; a failure names the seed and the round. */
async function rounds(times: number, salt: number, round: (fuzzer: Fuzzer) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < times) {
      const at = (next += 1);
      try {
        // Each round has its own sequence: what others do at the same time does not change it.
        await round(new Fuzzer(SEED + salt * 1_000_003 + at * 7_919));
      } catch (cause) {
        throw new Error(`seed ${SEED}, round ${at}: ${(cause as Error).message}`, { cause });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const RPC_ERROR = { code: expect.any(Number), message: expect.any(String) };
const OAUTH_BODY = { error: expect.any(String), error_description: expect.any(String) };

/** No 5xx, and the body that the contract gives to the route and the status. */
function judge({ status, json, text }: Answer, isProtocol: boolean, id: string | number | null = null): void {
  expect(status).toBeLessThan(500);
  // 408, 417 and 431, and what is no HTTP at all, are Node's own answers, without a body.
  if (status < 400 || (text === '' && [400, 408, 413, 417, 431].includes(status))) return;
  const isRpc = isProtocol && status !== 401 && status !== 403;
  expect(json).toEqual(isRpc ? { jsonrpc: '2.0', id, error: RPC_ERROR } : OAUTH_BODY);
}

describe.each(ERAS)('$name', (era) => {
  const isModern = era.revision === '2026-07-28';
  const replies: Reply[] = [];
  let client: EraClient;
  beforeAll(async () => {
    client = await era.connect(app.url, token);
  });
  afterAll(() => client.close());

  /** The answer is one of the protocol’s: 404 is for methods, where the revision says so. */
  function take(answer: Answer, body: string | Buffer): void {
    const { status, json, text } = answer;
    // What answers the server has an id of the server's.
    const id = isModern && text.includes('no responses') ? null : readableId(body);
    const isEchoed = isModern && status >= 400 && id !== null;
    // Its error may have data.
    if (isEchoed) expect(json).toMatchObject({ jsonrpc: '2.0', id, error: RPC_ERROR });
    else judge(answer, true, id);
    if (isEchoed || status === 200) replies.push(json as Reply);
    expect(
      { '2024-11-05': [202, 400], '2025-11-25': [200, 202, 400], '2026-07-28': [200, 202, 400, 404] }[
        era.revision
      ],
    ).toContain(status);
  }

  it('400 messages that are not quite right', async () => {
    await rounds(400, 1, async (fuzzer) => {
      const body = fuzzer.message(isModern ? ENVELOPE : {});
      const name = fuzzer.pick([
        'Mcp-Method',
        'Mcp-Name',
        'Mcp-Param-X',
        'Mcp-Protocol-Version',
        'Accept-Language',
      ]);
      const value = fuzzer.chance(0.5) ? fuzzer.pick(VALUES) : fuzzer.printable(40);
      // A session keeps its revision, also when a header names another one.
      const headers = isModern && fuzzer.chance(0.2) ? [name, value] : [];
      take(await client.send(body, { headers }), body);
    });
  });

  it('100 bodies of any bytes', async () => {
    await rounds(100, 2, async (fuzzer) => {
      const body = fuzzer.bytes(2_000);
      const answer = await client.send(body);
      take(answer, body);
      expect(answer.status).toBe(400);
    });
  });

  it('every reply to them is one of the protocol’s, and none tells of a failure inside', async () => {
    expect((await client.request('last', 'tools/list')).result).toHaveProperty('tools');
    const messages = client instanceof RawSession ? client.messages : replies;
    expect(messages.length).toBeGreaterThan(75);
    for (const message of messages) {
      expect(message).toMatchObject({ jsonrpc: '2.0' });
      if ('method' in message) continue;
      expect(['string', 'number']).toContain(typeof message.id);
      expect([message.result, message.error].filter((part) => part !== undefined)).toHaveLength(1);
      const codes = [-32600, -32601, -32602, ...(isModern ? [-32020, -32022] : [])];
      if (message.error) expect(codes).toContain(message.error.code);
    }
    // The fuzzer has been everywhere: unknown methods, unknown tools, wrong arguments, and calls that went well.
    const all = messages.map((message) => JSON.stringify(message)).join('\n');
    const marks = ['-32601', 'Unknown tool', 'Invalid arguments', 'Echo: ', ...(isModern ? ['-32020'] : [])];
    for (const mark of marks) expect(all).toContain(mark);
  });
});

it('300 requests with any method, query and headers', async () => {
  await rounds(300, 3, async (fuzzer) => {
    const method = fuzzer.pick(METHODS);
    const path = fuzzer.pick(PATHS);
    const headers = Array.from({ length: fuzzer.below(6) }, () => [
      fuzzer.pick(HEADERS),
      fuzzer.chance(0.5) ? fuzzer.pick(VALUES) : fuzzer.printable(60),
    ]).flat();
    const query = new URLSearchParams({
      [fuzzer.pick(['sessionId', 'username', 'scope'])]: fuzzer.printable(40),
    });
    // Of its own: some of them take it back.
    const bearer = fuzzer.chance(0.7) ? tokenOf('passer-by') : undefined;
    const framed = headers.some((name) => /^(transfer-encoding|expect)$/i.test(name));
    const body = method === 'POST' && !framed ? fuzzer.bytes(100) : undefined;
    const answer = await send(`${app.url}${path}?${query.toString()}`, {
      method,
      token: bearer,
      headers,
      body,
    });
    const isProtocol = /^\/(message|sse|mcp)\/?$/i.test(path);
    if (method !== 'HEAD') judge(answer, isProtocol);
    expect(answer.status).toBeLessThan(500);
  });
});

it('150 requests to take tokens back or to get one', async () => {
  const admin = tokenOf('fuzzing-administrator', { scope: 'mcp:admin' });
  await rounds(150, 4, async (fuzzer) => {
    if (fuzzer.chance(0.3)) {
      const query = fuzzer.mangle(Buffer.from('username=alice&scope=mcp:access')).toString('latin1');
      return judge(await send(`${app.url}/auth/token?${encodeURI(query)}`), false);
    }
    const value = `fuzz-${fuzzer.printable(300)}`;
    const name = fuzzer.pick(['token', 'jti', 'sub']);
    const isForm = fuzzer.chance(0.5);
    const text = isForm ? `${name}=${encodeURIComponent(value)}` : JSON.stringify({ [name]: value });
    const headers = ['Content-Type', isForm ? 'application/x-www-form-urlencoded' : 'application/json'];
    // A body that names nothing would take back the administrator's own token.
    const bearer = fuzzer.chance(0.5) ? tokenOf('fuzzing-throwaway', { scope: 'mcp:admin' }) : admin;
    const body = bearer === admin ? text : fuzzer.mangle(Buffer.from(text));
    judge(await send(`${app.url}/auth/revoke`, { method: 'POST', token: bearer, headers, body }), false);
  });
});

it('150 connections that speak no HTTP, or nearly', async () => {
  const heads = [
    'GET /sse',
    'POST /message?sessionId=x',
    'POST /mcp',
    'DELETE /mcp',
    'GET http://[::1/sse',
    'OPTIONS *',
    'CONNECT x:1',
  ];
  await rounds(150, 5, async (fuzzer) => {
    const head = `${fuzzer.pick(heads)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc`;
    const bytes = fuzzer.chance(0.2) ? fuzzer.bytes(500) : fuzzer.mangle(Buffer.from(head));
    const { statuses, text } = await sendBytes(app.url, bytes, true);
    for (const status of statuses) expect(status).toBeLessThan(500);
    expect(text).not.toMatch(/<html|node_modules/);
  });
});

it('at the end the server answers as at the beginning, and no session is left', async () => {
  const sessions = app.app.get(SessionService);
  expect((await session.request('at the end', 'tools/call', { name: 'test' })).result).toBeDefined();
  const next = await RawSession.open(app.url, tokenOf('next'));
  expect((await next.request(1, 'ping')).result).toEqual({});
  next.close();
  session.close();
  await next.until(() => sessions.size === 0);
  expect(Object.keys(Object.prototype)).toEqual([]);
});
