import { createServer, type AddressInfo, type Server } from 'node:net';
import { AttackedServer } from '../support/attacked-server.js';
import { encode, forge, goodClaims } from '../support/forge.js';
import { send } from '../support/wire.js';
import { PRODUCTION, PRODUCTION_SECRET, PRODUCTION_URL } from '../fixtures/production.js';

/** Memory that requests without a valid token may cost, and those of one caller. */
const STRANGERS_MIB = 64;
const CALLER_MIB = 128;
/** One read of a socket has at most this many chunks of one byte. Where each turn parses one, other clients wait little. */
const CHUNKS_IN_TURN = 16_000;

/** More than may wait for the turn of their read. */
const CONNECTIONS = 40;

const OURS = { iss: PRODUCTION_URL, aud: PRODUCTION_URL };
const tokenOf = (sub: string): string => forge({ secret: PRODUCTION_SECRET, claims: { ...OURS, sub } });

/** An identity provider that takes connections and answers nothing. */
let provider: Server;
let server: AttackedServer;
let hangingToken: string;
beforeAll(async () => {
  provider = createServer((socket) => void socket.on('error', () => undefined).resume());
  await new Promise<void>((listening) => provider.listen(0, '127.0.0.1', listening));
  const issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  const claims = encode({ ...goodClaims(), ...OURS, iss: issuer });
  hangingToken = `${encode({ alg: 'RS256', typ: 'JWT', kid: 'one' })}.${claims}.${'x'.repeat(342)}`;
  server = await AttackedServer.start({
    ...PRODUCTION,
    RATE_LIMIT_IP: 'off',
    AUTH_ISSUERS: JSON.stringify([{ issuer, jwksUri: `${issuer}/keys` }]),
  });
});
afterAll(async () => {
  await server.stop();
  provider.close();
});

const CHUNK = '1\r\nx\r\n';
const chunks = (count: number): string => CHUNK.repeat(count);

interface Head {
  readonly token?: string;
  readonly type?: string;
}

const chunked = (request: string, { token, type = 'application/json' }: Head = {}): string =>
  [
    `${request} HTTP/1.1`,
    'Host: mcp.example.com',
    'Accept: application/json, text/event-stream',
    `Content-Type: ${type}`,
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    'Transfer-Encoding: chunked',
    '\r\n',
  ].join('\r\n');

const FORM = 'application/x-www-form-urlencoded';

it.each<readonly [string, number, () => string]>([
  [
    'without a token, on /auth/revoke',
    CONNECTIONS,
    () => chunked('POST /auth/revoke', { type: FORM }) + chunks(16_000),
  ],
  ['without a token, on /mcp', CONNECTIONS, () => chunked('POST /mcp') + chunks(16_000)],
  ['to an address that is none', CONNECTIONS, () => chunked('POST /none') + chunks(16_000)],
  [
    'while the identity provider hangs',
    CONNECTIONS,
    () => chunked('POST /mcp', { token: hangingToken }) + chunks(60_000),
  ],
  [
    'to /message while the identity provider hangs',
    CONNECTIONS,
    () => chunked('POST /message?sessionId=x', { token: hangingToken }) + chunks(60_000),
  ],
])(
  'a body in chunks of one byte takes little memory and short turns: %s',
  async (_what, connections, bytes) => {
    const cost = await server.costOf(() => server.flood(connections, bytes()));
    expect(cost.mib).toBeLessThan(STRANGERS_MIB);
    expect(cost.turn.chunks).toBeLessThan(CHUNKS_IN_TURN);
  },
);

it('heads that do not end take little memory', async () => {
  const head = `GET / HTTP/1.1\r\nHost: mcp.example.com\r\n${'a:\r\n'.repeat(3_800)}`;
  const cost = await server.costOf(() => server.flood(300, head));
  expect(cost.mib).toBeLessThan(STRANGERS_MIB);
});

it.each<readonly [string, number, () => string]>([
  ['400 kilobytes on /mcp', 1, () => chunked('POST /mcp', { token: tokenOf('b') }) + chunks(400_000)],
  [
    'sixteen kilobytes on /auth/revoke, many times',
    CONNECTIONS,
    () => chunked('POST /auth/revoke', { token: tokenOf('c'), type: FORM }) + chunks(16_000),
  ],
])(
  "a caller's body in chunks of one byte stays within the caller's memory, in short turns: %s",
  async (_what, connections, bytes) => {
    const cost = await server.costOf(() => server.flood(connections, bytes()));
    expect(cost.mib).toBeLessThan(CALLER_MIB);
    expect(cost.turn.chunks).toBeLessThan(CHUNKS_IN_TURN);
  },
);

describe('a request that takes no body', () => {
  it.each(['GET /sse', 'GET /mcp', 'DELETE /mcp'])(
    'is refused with one, and its connection closes: %s',
    async (request) => {
      const [method, path] = request.split(' ');
      for (const headers of [
        ['Host', 'mcp.example.com', 'Accept', '*/*', 'Content-Length', '60000'],
        ['Host', 'mcp.example.com', 'Accept', '*/*', 'Transfer-Encoding', 'chunked'],
      ]) {
        const sending = { method: method!, token: tokenOf('d'), headers, withholdBody: true };
        const { status, headers: answered } = await send(server.url + path!, sending);
        expect([status, answered.connection]).toEqual([400, 'close']);
      }
    },
  );

  it('takes little memory', async () => {
    const bytes = chunked('GET /sse', { token: tokenOf('e') }) + chunks(60_000);
    const cost = await server.costOf(() => server.flood(20, bytes));
    expect(cost.mib).toBeLessThan(STRANGERS_MIB);
  });
});
