import { CANARY, forge, type Parts } from '../support/forge.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { ERAS } from '../support/eras/index.js';
import { RawSession } from '../support/raw-session.js';
import { ServerProcess } from '../support/server-process.js';
import { PUBLIC_URL, SECRET } from '../support/test-app.js';
import { send, sendBytes } from '../support/wire.js';

const FORGED = 'FORGED-LINE';
const BREAKS = `\r\n{"level":"error","event":"${FORGED}"}\r\n\u001b[2J\u001b]0;x\u0007\u2028\u202e\u0085\u0000\u061c\u200b\ufeff\u{e0041}`;
/** What a subject or a client may not be, and what it may: text that turns the reading direction. */
const TURNED = '\u202egnp.exe\u2028\u2066\u061c\u200b';
const NEAREST = '203.0.113.9';

const UNSAFE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

const env = {
  NODE_ENV: 'development',
  HOST: '127.0.0.1',
  PUBLIC_URL,
  JWT_SECRET: SECRET,
  LOG_LEVEL: 'trace',
};

let json: ServerProcess;
let pretty: ServerProcess;
/** Everything secret that was sent: none of it may be written. */
let secrets: string[];

beforeAll(async () => {
  json = await ServerProcess.start(env);
  // Listening is not told in one way by both formats.
  pretty = await ServerProcess.spawn({ ...env, LOG_FORMAT: 'pretty', TRUSTED_PROXIES: '127.0.0.1' });
  await pretty.until(() => pretty.output.includes('server.started'));
  secrets = [...(await attack(json)), ...(await attack(pretty))];
  for (const server of [json, pretty]) await server.stop();
});
afterAll(async () => {
  for (const server of [json, pretty]) await server.stop();
});

/** Everything at once that might get into a log, and what of it must not. */
async function attack({ url }: ServerProcess): Promise<string[]> {
  const tokens: string[] = [];
  const token = (claims: Parts = {}): string => {
    const made = forge({ claims });
    tokens.push(made);
    return made;
  };
  const hostile = { sub: `mallory${TURNED}`, client_id: `client${BREAKS}${TURNED}` };
  const args = { message: `${CANARY} argument` };
  const ids: string[] = [];
  for (const { connect } of ERAS) {
    const client = await connect(url, token(hostile));
    await client.request(`id${BREAKS}`, 'tools/call', { name: 'echo', arguments: args });
    await client.request('2', 'tools/call', { name: `${CANARY}${BREAKS}`, arguments: args });
    await client.request('3', `${CANARY}${BREAKS}`, args);
    await client.request('4', 'tools/call', {
      name: 'random-number',
      arguments: { min: `${CANARY}${BREAKS}` },
    });
    const headers = ['Mcp-Method', `${CANARY}${FORGED}`, 'Mcp-Name', `${CANARY}${FORGED}`];
    const more = ['Last-Event-ID', CANARY, 'Mcp-Param-X', `${CANARY}${FORGED}`];
    await client.send(`{"${CANARY}`, { headers: [...headers, ...more] });
    if (client instanceof McpEndpoint) ids.push(client.sessionId!);
    client.close();
  }
  await send(`${url}/mcp`, { token: token(), headers: ['Mcp-Session-Id', CANARY, 'Accept', '*/*'] });
  const session = await RawSession.open(url, token(hostile));
  const clientInfo = { name: `${CANARY}${BREAKS}`, version: BREAKS };
  const params = { protocolVersion: '2025-06-18', clientInfo, capabilities: {} };
  await session.request('5', 'initialize', params);
  await session.post(`{"${CANARY}`);
  const forwarded = ['X-Forwarded-For', `198.51.100.1, ${NEAREST}`];
  const headers = [...forwarded, 'User-Agent', `${CANARY}\u001b[2J`.replace('\u001b', ''), 'Cookie', CANARY];
  for (const refused of [token({ exp: 1, iat: 0 }), token({ sub: BREAKS }), token({ sub: 5 })]) {
    await send(`${url}/sse?${CANARY}=%0d%0a${FORGED}`, { token: refused, headers });
    await send(`${url}/message?sessionId=${session.id}${CANARY}`, {
      method: 'POST',
      token: refused,
      headers,
    });
  }
  await send(`${url}/message?sessionId=${CANARY}`, { method: 'POST', token: token(), headers, body: CANARY });
  await send(`${url}/auth/revoke`, { method: 'POST', token: token(), headers, body: `sub=${CANARY}` });
  await send(`${url}/sse?access_token=${token()}`, { headers });
  await send(`${url}/${CANARY}%0d%0a${FORGED}`, { headers: [...headers, 'Host', `${CANARY}.example.com`] });
  await send(`${url}/`, { headers: [...headers, 'Origin', `https://${CANARY}.example.com`] });
  const head = `GET /sse HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token()} ${CANARY}\r\n`;
  await sendBytes(url, `${head}User-Agent: \u001b[2J${FORGED}\r\nConnection: close\r\n\r\n`);
  await sendBytes(url, `${head}Connection: close\r\n\r\n`);
  session.close();
  return [...tokens.flatMap((made) => made.split('.')), session.id, ...ids, SECRET, CANARY];
}

it('the attack has left its mark in both logs', () => {
  expect(secrets.length).toBeGreaterThan(50);
  for (const { output } of [json, pretty]) {
    for (const event of [
      'session.opened',
      'session.closed',
      'call.ended',
      'auth.refused',
      'request.refused',
    ]) {
      expect(output).toContain(event);
    }
    expect(output).toContain('mallory');
  }
});

it('nothing secret is in them: no token, no part of one, no session id, no argument, no body, no query', () => {
  // A header is the same for all tokens and the name of their form: no secret.
  const header = forge().split('.')[0];
  for (const { output } of [json, pretty]) {
    for (const secret of secrets) if (secret !== header) expect(output).not.toContain(secret);
  }
});

it('each line of JSON is one that the server wrote', () => {
  const lines = json.output.split('\n').filter((line) => line !== '');
  for (const line of lines) {
    const { event, level } = JSON.parse(line) as Record<string, unknown>;
    expect(level).toMatch(/^(trace|debug|info|warn|error|fatal)$/);
    expect(event).not.toBe(FORGED);
  }
  expect(lines.length).toBeGreaterThan(20);
});

it('no character forges a line, moves a cursor or turns the text, in either format', () => {
  for (const { output } of [json, pretty]) {
    expect(UNSAFE.exec(output)?.[0]).toBeUndefined();
    expect(
      output.split('\n').filter((line) => line.trimStart().startsWith(`{"level":"error","event":"${FORGED}`)),
    ).toEqual([]);
  }
});

it('no request has failed inside', () => {
  for (const { output } of [json, pretty])
    expect(output).not.toMatch(/request\.failed|call\.failed|\bat \S+ \(/);
});

it('an address is the peer’s own, and a forwarded one only from a trusted proxy: its nearest', () => {
  const refused = [...json.events('auth.refused'), ...json.events('request.refused')].filter(
    (line) => 'ip' in line,
  );
  expect(refused.length).toBeGreaterThan(5);
  for (const { ip } of refused) expect(ip).toBe('127.0.0.1');
  expect(json.output).not.toContain(NEAREST);
  expect(pretty.output).toContain(NEAREST);
  expect(pretty.output).not.toContain('198.51.100.1');
});
