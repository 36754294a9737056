import { once } from 'node:events';
import type { Socket } from 'node:net';
import { AttackedServer } from '../support/attacked-server.js';
import { statelessRequest } from '../support/eras/index.js';
import { sessionRequest } from '../support/eras/http-sse.client.js';
import { withExtraTool } from '../support/extra-tool.js';
import { forge } from '../support/forge.js';
import { send } from '../support/wire.js';
import { PRODUCTION, PRODUCTION_HOST, PRODUCTION_SECRET, PRODUCTION_URL } from '../fixtures/production.js';

/** What one caller may cost. */
const CALLER_MIB = 208;
/** What another user may wait for, in milliseconds of the server's processor time. */
const MAX_WAIT_MS = 3_000;
/** Each attack takes seconds, on a busy machine more. */
const PATIENCE_MS = 90_000;
const BIG = 'x'.repeat(4_000_000);

const claims = { iss: PRODUCTION_URL, aud: PRODUCTION_URL };
const tokenOf = (sub: string): string => forge({ secret: PRODUCTION_SECRET, claims: { ...claims, sub } });
const attacker = tokenOf('mallory');
const bob = tokenOf('bob');
const BOTH = 'application/json, text/event-stream';

let server: AttackedServer;
beforeEach(async () => {
  const { NODE_OPTIONS, ...tool } = withExtraTool('asking');
  server = await AttackedServer.start({
    ...PRODUCTION,
    ...tool,
    NODE_OPTIONS: `--max-old-space-size=256 ${NODE_OPTIONS}`,
    // So that it is not this that bounds what is held.
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
}

function bytesOf(body: string, { session, accept = BOTH, headers = [] }: Post = {}): Buffer {
  const head = [
    'POST /mcp HTTP/1.1',
    'Host: mcp.example.com',
    `Authorization: Bearer ${attacker}`,
    `Accept: ${accept}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(session === undefined ? [] : [`Mcp-Session-Id: ${session}`]),
    ...headers,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Posts, and resolves with what has come when it matches. */
async function posted(bytes: Buffer, until: RegExp): Promise<RegExpExecArray> {
  const [socket] = (await server.flood(1, bytes)) as [Socket];
  let text = '';
  socket.setEncoding('latin1');
  for (;;) {
    const chunk = socket.read() as string | null;
    if (chunk === null) await once(socket, 'readable');
    // What is looked for is at the start, or at the end of little.
    else if (text.length < 10_000) text += chunk;
    const match = until.exec(text);
    if (match !== null) return match;
  }
}

/** The status of what was answered and not read until now. */
async function statusOf(socket: Socket): Promise<number> {
  for (;;) {
    const head = socket.read() as Buffer | null;
    if (head !== null) return Number(head.toString('latin1').slice(9, 12));
    await once(socket, 'readable');
  }
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
  const { mib, healthMs } = await server.costOf(attack, 500);
  expect(mib).toBeLessThanOrEqual(CALLER_MIB);
  expect(healthMs).toBeLessThan(MAX_WAIT_MS);
}

const countOf = (statuses: readonly number[], wanted: number): number =>
  statuses.filter((status) => status === wanted).length;

it(
  'replies that are not read',
  async () => {
    const session = await openSession();
    const statuses: number[] = [];
    await expectBearable(async () => {
      const sockets: Socket[] = [];
      for (let at = 0; at < 40; at += 1) {
        const [socket] = (await server.flood(1, bytesOf(echo(`unread-${at}`), { session }))) as [Socket];
        await once(socket, 'readable');
        sockets.push(socket);
      }
      statuses.push(...(await Promise.all(sockets.map(statusOf))));
    });
    expect(countOf(statuses, 200)).toBeGreaterThan(4);
    // How many: some systems take over whole replies, which are then no burden to the server.
    expect(countOf(statuses, 200) + countOf(statuses, 429)).toBe(40);
  },
  PATIENCE_MS,
);

it(
  'calls that wait for their user, whatever they were called with: their arguments are let go of',
  async () => {
    const session = await openSession();
    await expectBearable(async () => {
      for (let at = 0; at < 32; at += 1) {
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
  'what is kept for clients that come back',
  async () => {
    await expectBearable(async () => {
      for (let at = 0; at < 40; at += 1) {
        const session = await openSession();
        const replying = bytesOf(echo(`kept-${at}`), { session, accept: 'text/event-stream' });
        const [socket] = (await server.flood(1, replying, true)) as [Socket];
        let size = 0;
        socket.on('data', (chunk: Buffer) => (size += chunk.length));
        while (size < BIG.length) await once(socket, 'data');
      }
    });
  },
  PATIENCE_MS,
);

it(
  'calls that are dear: the users have their turns',
  async () => {
    const session = await openSession();
    const many = Object.fromEntries(
      Array.from({ length: 9_900 }, (_item, at) => [`${at}`.padEnd(200, 'k'), at]),
    );
    await expectBearable(async () => {
      const sockets = await Promise.all(
        Array.from({ length: 40 }, (_item, at) => {
          const params = { name: 'echo', arguments: { message: 'm', ...many } };
          return server.flood(1, bytesOf(sessionRequest(`dear-${at}`, 'tools/call', params), { session }));
        }),
      );
      const statuses = await Promise.all(sockets.map(([socket]) => statusOf(socket!)));
      expect(countOf(statuses, 200)).toBeGreaterThan(4);
      expect(countOf(statuses, 200) + countOf(statuses, 429)).toBe(40);
    });
  },
  PATIENCE_MS,
);
