import type { Socket } from 'node:net';
import { AttackedServer, next, sent } from '../support/attacked-server.js';
import { forge } from '../support/forge.js';
import { statelessCall } from '../support/eras/index.js';
import { PRODUCTION, PRODUCTION_SECRET, PRODUCTION_URL } from '../fixtures/production.js';

const STRANGERS_MIB = 64;
/** One read of a socket has at most this many chunks of one byte. Where each turn parses one, other clients wait little. */
const CHUNKS_IN_TURN = 16_000;
const PATIENCE_MS = 60_000;
const HEALTH = 'GET /health/live HTTP/1.1\r\nHost: mcp.example.com\r\n\r\n';
const CHUNKED = [
  'Host: mcp.example.com',
  'Content-Type: application/json',
  'Transfer-Encoding: chunked',
  '\r\n',
].join('\r\n');
const token = forge({
  secret: PRODUCTION_SECRET,
  claims: { iss: PRODUCTION_URL, aud: PRODUCTION_URL, sub: 'alice' },
});

// One for each test: while many reads of an attack wait, the server closes further connections with such reads.
let server: AttackedServer;
beforeEach(async () => {
  server = await AttackedServer.start({ ...PRODUCTION, RATE_LIMIT_IP: 'off' });
}, PATIENCE_MS);
afterEach(() => server.stop(), PATIENCE_MS);

/** Connections that have been answered once, and stay open. */
async function keptAlive(count: number): Promise<readonly Socket[]> {
  const sockets = await server.flood(count, HEALTH);
  for (const socket of sockets) expect(await next(socket)).toMatch(/^HTTP\/1.1 200/);
  return sockets;
}

it(
  'a body in chunks of one byte stays within the limits as a later request of a connection',
  async () => {
    const sockets = await keptAlive(40);
    const bytes = `POST /auth/revoke HTTP/1.1\r\n${CHUNKED}${'1\r\nx\r\n'.repeat(10_800)}`;
    const cost = await server.costOf(async () => {
      for (const socket of sockets) socket.write(bytes);
      await sent(sockets);
    });
    expect(cost.mib).toBeLessThan(STRANGERS_MIB);
    expect(cost.turn.chunks).toBeLessThan(CHUNKS_IN_TURN);
  },
  PATIENCE_MS,
);

it(
  'a body in chunks of one byte is answered, and so are the next requests of its connection',
  async () => {
    const [socket] = (await keptAlive(1)) as [Socket];
    const message = 'm'.repeat(9_000);
    const { body, headers } = statelessCall(1, { name: 'echo', arguments: { message } });
    const head = [
      'POST /mcp HTTP/1.1',
      `Authorization: Bearer ${token}`,
      'Accept: application/json',
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      CHUNKED,
    ];
    const chunks = Array.from(body, (character) => `1\r\n${character}\r\n`);
    for (let round = 0; round < 3; round += 1) {
      socket.write(`${head.join('\r\n')}${chunks.join('')}0\r\n\r\n${HEALTH}`);
      let text = '';
      while (!text.includes('"status"')) text += (await next(socket)) ?? 'the end: "status"';
      expect(text).toContain(message);
      expect(text.match(/HTTP\/1.1 200/g)).toHaveLength(2);
    }
  },
  PATIENCE_MS,
);
