import { once } from 'node:events';
import type { Socket } from 'node:net';
import { AttackedServer, next, sent } from '../support/attacked-server.js';
import { statelessRequest } from '../support/eras/index.js';
import { sessionRequest } from '../support/raw-session.js';
import { withExtraTool } from '../support/extra-tool.js';
import { forge } from '../support/forge.js';
import { send } from '../support/wire.js';
import { PRODUCTION, PRODUCTION_HOST, PRODUCTION_SECRET, PRODUCTION_URL } from '../fixtures/production.js';

/** What one caller may cost. */
const CALLER_MIB = 128;
/** `npm run test:budgets` sends as much as one caller may; every run of the tests sends what would break the same bars. */
const IS_FULL = process.env['BUDGETS'] === 'full';
const many = (full: number, usual: number): number => (IS_FULL ? full : usual);
/** Characters of messages that the server parses in one turn of its event loop: one large message, and small ones. */
const PARSED_IN_TURN = 6_000_000;
/** Against a hang only: all bytes of the budgets take minutes. */
const PATIENCE_MS = many(480_000, 120_000);
const BIG = 'x'.repeat(4_000_000);

const claims = { iss: PRODUCTION_URL, aud: PRODUCTION_URL };
const tokenOf = (sub: string): string => forge({ secret: PRODUCTION_SECRET, claims: { ...claims, sub } });
const attacker = tokenOf('mallory');
const bob = tokenOf('bob');
const BOTH = 'application/json, text/event-stream';

let server: AttackedServer;
beforeEach(async () => {
  server = await AttackedServer.start({
    ...PRODUCTION,
    ...withExtraTool('asking'),
    // Otherwise this limit would bound what the server holds.
    RATE_LIMIT: '1000000/1m',
  });
  await bystander(server.url);
  server.bystander = bystander;
}, PATIENCE_MS);
afterEach(() => server.stop(), PATIENCE_MS);

/** Another user calls a tool. */
async function bystander(url: string): Promise<void> {
  const body = statelessRequest('bob', 'tools/call', { name: 'echo', arguments: { message: 'hello' } });
  const about = ['MCP-Protocol-Version', '2026-07-28', 'Mcp-Method', 'tools/call', 'Mcp-Name', 'echo'];
  const headers = [...PRODUCTION_HOST, 'Content-Type', 'application/json', 'Accept', BOTH, ...about];
  const answer = await send(`${url}/mcp`, { method: 'POST', token: bob, headers, body });
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('hello')]);
}

interface Post {
  readonly session?: string;
  readonly accept?: string;
  readonly headers?: readonly string[];
  /** The announced length, where it differs from the length of the body. */
  readonly length?: number;
}

function bytesOf(body: string, { session, accept = BOTH, headers = [], length }: Post = {}): Buffer {
  const head = [
    'POST /mcp HTTP/1.1',
    'Host: mcp.example.com',
    `Authorization: Bearer ${attacker}`,
    `Accept: ${accept}`,
    'Content-Type: application/json',
    `Content-Length: ${length ?? Buffer.byteLength(body)}`,
    ...(session === undefined ? [] : [`Mcp-Session-Id: ${session}`]),
    ...headers,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Posts, and resolves with what has come when it matches. */
async function posted(bytes: Buffer, until: RegExp): Promise<RegExpExecArray> {
  const [socket] = (await server.flood(1, bytes)) as [Socket];
  let text = '';
  for (;;) {
    const more = await next(socket);
    if (more === undefined) throw new Error(`The connection has ended: ${text.slice(0, 1_000)}`);
    // A match is at the start of a long answer, or anywhere in a short one.
    if (text.length < 10_000) text += more;
    const match = until.exec(text);
    if (match !== null) return match;
  }
}

/** The status of what was answered and not read until now; NaN: the connection has ended. */
async function statusOf(socket: Socket): Promise<number> {
  return Number((await next(socket))?.slice(9, 12));
}

async function openSession(): Promise<string> {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: { elicitation: {} },
    clientInfo: { name: 'raw', version: '1' },
  };
  const opening = bytesOf(sessionRequest('init', 'initialize', params));
  return (await posted(opening, /mcp-session-id: (\S+)/i))[1]!;
}

const echo = (id: string): string =>
  sessionRequest(id, 'tools/call', { name: 'echo', arguments: { message: BIG } });

async function expectBearable(attack: () => Promise<unknown>): Promise<void> {
  const { mib, turn } = await server.costOf(attack);
  expect(mib).toBeLessThanOrEqual(CALLER_MIB);
  expect(turn.parsed).toBeLessThan(PARSED_IN_TURN);
}

/** The number of refusals depends on the system too: its buffers hold megabytes for a client that reads nothing. */
function expectOnly(statuses: ReadonlySet<number>, expected: readonly number[]): void {
  expect([...statuses].filter((status) => !expected.includes(status))).toEqual([]);
}

it(
  "replies that are not read stay within their user's memory",
  async () => {
    const session = await openSession();
    const statuses = new Set<number>();
    await expectBearable(async () => {
      const sockets: Socket[] = [];
      for (let at = 0; at < many(72, 12); at += 1) {
        const [socket] = (await server.flood(1, bytesOf(echo(`unread-${at}`), { session }))) as [Socket];
        await once(socket, 'readable');
        sockets.push(socket);
      }
      for (const socket of sockets) statuses.add(await statusOf(socket));
    });
    expectOnly(statuses, [200, 429]);
    expect(statuses).toContain(200);
  },
  PATIENCE_MS,
);

it(
  "bodies that are complete but for their last byte stay within their user's memory",
  async () => {
    const session = await openSession();
    const body = echo('unfinished');
    const bytes = bytesOf(body.slice(0, -1), { session, length: body.length });
    await expectBearable(async () => {
      const sockets = await server.flood(many(200, 40), bytes);
      // The last of them was refused, or is being held.
      await Promise.race(sockets.map(statusOf));
      await sent(sockets);
    });
  },
  PATIENCE_MS,
);

it(
  "calls that wait for their user stay within the user's memory: the server does not keep their arguments meanwhile",
  async () => {
    const session = await openSession();
    await expectBearable(async () => {
      for (let at = 0; at < many(94, 12); at += 1) {
        const params = { name: 'asking', arguments: { seconds: 1, pad: BIG } };
        const call = bytesOf(sessionRequest(`waiting-${at}`, 'tools/call', params), { session });
        expect((await posted(call, /elicitation\/create|^HTTP\/1.1 [345]\d\d.*/))[0]).toBe(
          'elicitation/create',
        );
      }
    });
    const ping = bytesOf(sessionRequest('another', 'ping'), { session });
    expect((await posted(ping, /^HTTP\/1.1 (\d+)/))[1]).toBe('200');
  },
  PATIENCE_MS,
);

it(
  "replies that are kept for clients that reconnect stay within their user's memory",
  async () => {
    await expectBearable(async () => {
      for (let at = 0; at < many(100, 28); at += 1) {
        const session = await openSession();
        const replying = bytesOf(echo(`kept-${at}`), { session, accept: 'text/event-stream' });
        const [socket] = (await server.flood(1, replying, true)) as [Socket];
        let size = 0;
        socket.on('data', (chunk: Buffer) => (size += chunk.length));
        while (size < BIG.length) await once(socket, 'data');
        socket.destroy();
      }
    });
  },
  PATIENCE_MS,
);

it.each<readonly [string, number, number, number]>([
  ['as many as a message may have', 9_900, 200, 200],
  ['more than that', 99_000, 12, 400],
])(
  "calls with needless keys stay within their user's memory: %s",
  async (_what, count, length, status) => {
    const session = await openSession();
    const keys = Array.from({ length: count }, (_key, at) => `,"${`${at}`.padEnd(length, 'k')}":${at}`).join(
      '',
    );
    const call = (at: number): string =>
      sessionRequest(`dear-${at}`, 'tools/call', { name: 'echo', arguments: { message: 'm' } }).replace(
        '"message":"m"',
        (message) => message + keys,
      );
    const statuses = new Set<number>();
    await expectBearable(async () => {
      const sockets = await Promise.all(
        Array.from({ length: many(40, 12) }, (_call, at) => server.flood(1, bytesOf(call(at), { session }))),
      );
      for (const [socket] of sockets) statuses.add(await statusOf(socket!));
    });
    expectOnly(statuses, [status, 429]);
    expect(statuses).toContain(status);
  },
  PATIENCE_MS,
);

it(
  "subscriptions stay within their user's memory",
  async () => {
    const headers = ['MCP-Protocol-Version: 2026-07-28', 'Mcp-Method: subscriptions/listen'];
    const subscription = (at: number, uris: number): Buffer => {
      const resourceSubscriptions = Array.from({ length: uris }, (_uri, uri) => `${uri}`.padEnd(1_000, 'u'));
      const params = { notifications: { resourceSubscriptions } };
      return bytesOf(statelessRequest(`listening-${at}`, 'subscriptions/listen', params), { headers });
    };
    const statuses = new Set<number>();
    await expectBearable(async () => {
      const sockets: Socket[] = [];
      // In waves: while this process writes all of them, it would not read the answer to the bystander.
      for (let wave = 0; wave < many(20, 6); wave += 1) {
        sockets.push(
          ...(await server.flood(many(100, 50), subscription(wave, wave < many(4, 2) ? 240 : 10))),
        );
      }
      for (const socket of sockets) statuses.add(await statusOf(socket));
    });
    // A stream ends where what waits on it is more than may be held.
    expectOnly(statuses, [200, 429, Number.NaN]);
    expect(statuses).toContain(200);
  },
  PATIENCE_MS,
);
