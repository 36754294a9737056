import { AttackedServer, HEAP, next } from '../support/attacked-server.js';
import { withExtraTool } from '../support/extra-tool.js';
import { forge } from '../support/forge.js';
import { statelessCall } from '../support/eras/index.js';
import { PRODUCTION, PRODUCTION_SECRET, PRODUCTION_URL } from '../fixtures/production.js';

const CALLER_MIB = 128;
/** What another client may wait for, in milliseconds of the server's processor time. */
const MAX_WAIT_MS = 1_000;
const PATIENCE_MS = 120_000;
const CALLS = 4;

const token = forge({
  secret: PRODUCTION_SECRET,
  claims: { iss: PRODUCTION_URL, aud: PRODUCTION_URL, sub: 'mallory' },
});

let server: AttackedServer;
beforeAll(async () => {
  const { NODE_OPTIONS, ...tool } = withExtraTool('wide');
  server = await AttackedServer.start({ ...PRODUCTION, ...tool, NODE_OPTIONS: `${HEAP} ${NODE_OPTIONS}` });
}, PATIENCE_MS);
afterAll(() => server.stop(), PATIENCE_MS);

/** A call of a tool that takes a list of objects with fifty members each. */
function callWith(rows: readonly object[]): string {
  const { body, headers } = statelessCall('wide', { name: 'wide', arguments: { rows } });
  const head = [
    'POST /mcp HTTP/1.1',
    'Host: mcp.example.com',
    `Authorization: Bearer ${token}`,
    'Accept: application/json',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

it(
  'a message with the most objects, each without its required members, is no burden',
  async () => {
    const answers: (string | undefined)[] = [];
    const rows = Array.from({ length: 4_900 }, () => ({}));
    const { mib, healthMs } = await server.costOf(async () => {
      const sockets = await server.flood(CALLS, callWith(rows));
      for (const socket of sockets) answers.push(await next(socket));
    }, 500);
    expect(answers).toEqual(
      Array<unknown>(CALLS).fill(expect.stringContaining('rows.0.key0: Invalid input')),
    );
    expect(mib).toBeLessThan(CALLER_MIB);
    expect(healthMs).toBeLessThan(MAX_WAIT_MS);
  },
  PATIENCE_MS,
);
