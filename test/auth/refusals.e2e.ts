import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { REFUSAL_CODES } from '../../src/audit/index.js';
import { AuditFile } from '../support/audit-file.js';
import { forge } from '../support/forge.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { type LogEvent, RecordedLogs } from '../support/recorded-logs.js';
import { PUBLIC_URL, startApp, type TestApp } from '../support/test-app.js';
import { type Answer, send, type Sending } from '../support/wire.js';

const JSON_TYPE = ['Content-Type', 'application/json', 'Accept', 'application/json, text/event-stream'];

let audit: AuditFile;
let app: TestApp;
let logs: RecordedLogs;
beforeAll(async () => {
  audit = new AuditFile();
  app = await startApp({
    AUDIT_LOG: audit.path,
    AUDIT_SYNC: 'on',
    MAX_BODY: '1kb',
    SESSIONS_PER_PRINCIPAL: '1',
  });
  logs = RecordedLogs.of(app);
});
afterAll(async () => {
  await app.close();
  audit.remove();
});

const records = (): LogEvent[] => audit.records().filter(({ decision }) => decision === 'refused');

/** The answer to a request, and what it has left in the records and in the log. */
async function refused(
  path: string,
  sending: Sending,
): Promise<{ answer: Answer; record: LogEvent; line: LogEvent }> {
  const [before, logged] = [records().length, logs.all.length];
  const answer = await send(`${app.url}${path}`, sending);
  const [record, ...more] = records().slice(before);
  expect(more).toEqual([]);
  const lines = (logs.all.slice(logged) as LogEvent[]).filter(({ event }) =>
    String(event).endsWith('.refused'),
  );
  expect(lines).toHaveLength(1);
  return { answer, record: record!, line: lines[0]! };
}

const alice = { subject: 'alice', clientId: '', tokenId: expect.any(String) as string };
const post = (token: string, body: string, headers: string[] = []): Sending => ({
  method: 'POST',
  token,
  body,
  headers: [...JSON_TYPE, ...headers],
});
const PING = '{"jsonrpc":"2.0","id":7,"method":"ping"}';

it('a token on the session of another caller: who it was, from where, and which session', async () => {
  const [sse, mcp] = [
    await RawSession.open(app.url, await app.token('victim-1')),
    await McpEndpoint.open(app.url, await app.token('victim-2')),
  ];
  const names = logs
    .events('session.opened')
    .slice(-2)
    .map(({ session }) => session);
  const token = await app.token('alice');
  const ways: [string, Sending][] = [
    [`/message?sessionId=${sse.id}`, post(token, PING)],
    ['/mcp', post(token, PING, ['Mcp-Session-Id', mcp.sessionId!])],
    [
      '/mcp',
      { method: 'GET', token, headers: ['Accept', 'text/event-stream', 'Mcp-Session-Id', mcp.sessionId!] },
    ],
    ['/mcp', { method: 'DELETE', token, headers: ['Mcp-Session-Id', mcp.sessionId!] }],
  ];
  for (const [path, sending] of ways) {
    const { answer, record, line } = await refused(path, sending);
    const session = path === '/mcp' ? names[1] : names[0];
    expect(answer.status).toBe(404);
    expect(record).toMatchObject({
      ...alice,
      code: 'foreign_session',
      status: 404,
      ip: '127.0.0.1',
      session,
    });
    expect(line).toMatchObject({ reason: 'foreign_session', subject: 'alice', ip: '127.0.0.1', session });
  }
  // It is answered as one that never was.
  const { answer, record } = await refused('/mcp', post(token, PING, ['Mcp-Session-Id', 'never-was']));
  expect(record).toMatchObject({ ...alice, code: 'unknown_session', status: 404 });
  expect(answer.text).toBe((await send(`${app.url}/mcp`, ways[1]![1])).text);
  sse.close();
});

it.each([
  [
    'revoked',
    async () => {
      const token = await app.token('mallory');
      await send(`${app.url}/auth/revoke`, { method: 'POST', token });
      return token;
    },
  ],
  ['expired', () => forge({ claims: { sub: 'mallory', iat: 1, exp: 2 } })],
  ['wrong_audience', () => forge({ claims: { sub: 'mallory', aud: 'https://other.example.com' } })],
])('a token that is %s: whose it was', async (code, make) => {
  const { answer, record, line } = await refused('/sse', { token: await make() });
  expect(answer.status).toBe(401);
  expect(record).toMatchObject({ code, subject: 'mallory', ip: '127.0.0.1', status: 401, path: '/sse' });
  expect(line).toMatchObject({ code, subject: 'mallory' });
});

describe('each refusal has one record and one line, and no cache keeps its answer', () => {
  const malformed = '{"jsonrpc":"2.0"}';
  const envelope = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } };
  const modern = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: envelope });
  const initialize = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } },
  });

  it.each<[string, number, string, (token: string) => Sending]>([
    ['invalid_host', 403, '/mcp', () => ({ headers: ['Host', 'evil.example.com'] })],
    ['invalid_origin', 403, '/sse', () => ({ headers: ['Origin', 'https://evil.example.com'] })],
    ['missing_token', 401, '/mcp', () => ({ method: 'POST' })],
    [
      'bad_signature',
      401,
      '/message',
      (token) => ({ method: 'POST', token: `${token.slice(0, -8)}AAAAAAAA` }),
    ],
    ['not_found', 404, '/nowhere', () => ({})],
  ])('of a stranger: %s, %d', async (code, status, path, sendingWith) => {
    const { answer, record } = await refused(path, sendingWith(await app.token('alice')));
    expect([answer.status, answer.headers['cache-control']]).toEqual([status, 'no-store']);
    expect(record).toMatchObject({ code, status, ip: '127.0.0.1' });
    expect(record).not.toHaveProperty('subject');
    // What is at no address of the server, or for another one, is not kept: it may be anything.
    expect(record['path']).toBe(/_token|signature/.test(code) ? path : undefined);
  });

  it.each<[string, number, string, (token: string) => Sending]>([
    ['method_not_allowed', 405, '/sse', (token) => ({ method: 'PUT', token })],
    ['body_too_large', 413, '/mcp', (token) => post(token, `{"a":"${'x'.repeat(2_000)}"}`)],
    [
      'unsupported_media_type',
      415,
      '/mcp',
      (token) => ({ ...post(token, PING), headers: ['Content-Type', 'text/plain', ...JSON_TYPE.slice(2)] }),
    ],
    [
      'not_acceptable',
      406,
      '/mcp',
      (token) => ({ ...post(token, PING), headers: [...JSON_TYPE.slice(0, 2), 'Accept', 'text/html'] }),
    ],
    ['malformed_json', 400, '/mcp', (token) => post(token, '{')],
    ['malformed_message', 400, '/mcp', (token) => post(token, malformed)],
    [
      'header_mismatch',
      400,
      '/mcp',
      (token) => post(token, modern, ['Mcp-Method', 'tools/list', 'MCP-Protocol-Version', '2026-07-28']),
    ],
    ['missing_session', 400, '/message', (token) => post(token, PING)],
    ['too_many_sessions', 429, '/mcp', (token) => post(token, initialize)],
    ['insufficient_scope', 403, '/auth/revoke', (token) => post(token, '{"sub":"bob"}')],
    ['invalid_request', 400, '/auth/revoke', (token) => post(token, '{"who":"bob"}')],
  ])('of a caller: %s, %d', async (code, status, path, sendingWith) => {
    const token = await app.token('alice');
    const session = code === 'too_many_sessions' ? await RawSession.open(app.url, token) : undefined;
    const { answer, record, line } = await refused(path, sendingWith(token));
    expect([answer.status, answer.headers['cache-control']]).toEqual([status, 'no-store']);
    expect(record).toMatchObject({ ...alice, code, status, ip: '127.0.0.1', path });
    expect(line).toMatchObject({ subject: 'alice', ip: '127.0.0.1', status });
    session?.close();
  });

  it('and what is answered well is not kept either', async () => {
    const endpoint = await McpEndpoint.open(app.url, await app.token('carol'));
    const session = await RawSession.open(app.url, await app.token('dora'));
    const answers = [
      await endpoint.post(JSON.parse(PING)),
      await endpoint.post({ jsonrpc: '2.0', method: 'notifications/initialized' }),
      await session.post(JSON.parse(PING)),
      await endpoint.delete(),
    ];
    expect(answers.map(({ status, headers }) => [status, headers.get('cache-control')])).toEqual(
      [200, 202, 202, 204].map((status) => [status, 'no-store']),
    );
    session.close();
  });
});

it('docs/audit.md tells of every code', () => {
  const guide = readFileSync(resolve('docs/audit.md'), 'utf8');
  expect(REFUSAL_CODES.filter((code) => !guide.includes(`\`${code}\``))).toEqual([]);
});

it('of many requests without a token the log has a few lines and, at the end, one that counts the others', async () => {
  const other = await startApp({
    AUDIT_LOG: join(audit.directory, 'other.jsonl'),
    AUDIT_SYNC: 'on',
    PUBLIC_URL,
  });
  const lines = RecordedLogs.of(other);
  for (let at = 0; at < 300; at += 1) await (await fetch(`${other.url}/mcp`, { method: 'POST' })).text();
  await other.close();
  expect(lines.events('auth.refused').length).toBeLessThan(10);
  const [counted, ...more] = lines.events('refusals.counted');
  expect(more).toEqual([]);
  expect(Number(counted!['count']) + lines.events('auth.refused').length).toBe(300);
  const trail = readFileSync(join(audit.directory, 'other.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LogEvent);
  expect(trail.length).toBeLessThan(10);
  expect(trail.at(-1)).toMatchObject({
    decision: 'refused',
    code: 'counted',
    ip: '127.0.0.1',
    count: counted!['count'],
  });
});
