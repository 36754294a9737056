import { ConcurrencyLimiter } from '../../src/backplane/index.js';
import { SessionService } from '../../src/mcp/index.js';
import { Gate, GATED } from '../support/gate.tool.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import { SDK_CLIENTS } from '../support/sdk-clients.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { signToken, type TokenClaims } from '../support/tokens.js';
import { until } from '../support/until.js';

const LIMIT = 3;

let app: TestApp;
let sessions: SessionService;
let logs: RecordedLogs;
let users = 0;

beforeAll(async () => {
  app = await startApp({ SESSIONS_PER_PRINCIPAL: String(LIMIT) }, GATED);
  sessions = app.app.get(SessionService, { strict: false });
  logs = RecordedLogs.of(app);
});
afterAll(() => app.close());

/** Tokens of a user who has no session yet. */
function newUser(): (claims?: TokenClaims) => Promise<string> {
  const sub = `user-${(users += 1)}`;
  return (claims) => signToken({ sub, ...claims });
}

const statusOf = async (endpoint: McpEndpoint): Promise<number> => {
  const response = await endpoint.call(1, 'ping');
  await response.text();
  return response.status;
};

const fill = async (token: string): Promise<McpEndpoint[]> => {
  const endpoints: McpEndpoint[] = [];
  while (endpoints.length < LIMIT) endpoints.push(await McpEndpoint.open(app.url, token));
  return endpoints;
};

describe('at SESSIONS_PER_PRINCIPAL', () => {
  it.each(SDK_CLIENTS)(
    '$name may connect again and again, though its close() sends no DELETE',
    async ({ connect }) => {
      const token = await newUser()();
      for (let at = 0; at < 3 * LIMIT; at += 1) {
        const client = await connect(app.url, token);
        await client.listTools();
        await client.close();
      }
    },
  );

  it('the oldest session without a stream and without a call ends, and the log says why', async () => {
    const token = await newUser()();
    const [first, second, third] = await fill(token);
    const endedBefore = logs.endings.length;
    const call = first!.request(7, 'tools/call', { name: 'wait', arguments: { key: 'busy' } });
    const gate = app.app.get(Gate, { strict: false });
    const held = await gate.held('busy');
    const listening = new AbortController();
    await second!.get({}, listening.signal);

    const newest = await McpEndpoint.open(app.url, token);
    expect(await Promise.all([first!, second!, third!, newest].map(statusOf))).toEqual([200, 200, 404, 200]);
    expect(logs.endings.slice(endedBefore)).toEqual(['evicted']);

    held.release('done');
    expect(await call).toMatchObject({ result: { content: [{ text: 'done' }] } });
    await McpEndpoint.open(app.url, token);
    expect(await Promise.all([first!, second!, newest].map(statusOf))).toEqual([404, 200, 200]);
    listening.abort();
  });

  it('a new session is refused with 429 where all are in use, until a stream ends', async () => {
    const token = await newUser()();
    const streams = new AbortController();
    for (const endpoint of await fill(token)) await endpoint.get({}, streams.signal);
    const refused = await McpEndpoint.open(app.url, token);
    expect(refused.sessionId).toBeUndefined();
    const open = sessions.list().filter(({ streams: { size } }) => size > 0);
    streams.abort();
    await until(() => open.every((session) => session.streams.size === 0));
    expect((await McpEndpoint.open(app.url, token)).sessionId).toBeDefined();
  });

  it('clients that come at once all get a session, and the limit holds', async () => {
    const tokenOf = newUser();
    const token = await tokenOf();
    await fill(token);
    const opened = await Promise.all(Array.from({ length: 12 }, () => McpEndpoint.open(app.url, token)));
    expect(opened.map(({ sessionId }) => typeof sessionId)).toEqual(Array(12).fill('string'));
    const { principal } = sessions.list().at(-1)!;
    const own = sessions.list().filter((session) => session.principal.subject === principal.subject);
    expect(own).toHaveLength(LIMIT);
    const slots = app.app.get<ConcurrencyLimiter>(ConcurrencyLimiter, { strict: false });
    expect(
      (await slots.holders(`sessions:${JSON.stringify([principal.issuer, principal.subject])}`)).length,
    ).toBe(LIMIT);
  });

  it('counts the sessions of a user, whichever programs opened them, and leaves other users alone', async () => {
    const tokenOf = newUser();
    const other = await McpEndpoint.open(app.url, await newUser()());
    const [first, second] = await fill(await tokenOf({ clientId: 'one' }));
    await McpEndpoint.open(app.url, await tokenOf({ clientId: 'two' }));
    expect(await Promise.all([first!, second!, other].map(statusOf))).toEqual([404, 200, 200]);
  });

  it('a refused initialize does not count as a session', async () => {
    const token = await newUser()();
    for (let at = 0; at < 2 * LIMIT; at += 1) {
      const response = await new McpEndpoint(app.url, token).call(1, 'initialize', { protocolVersion: 7 });
      expect(await response.json()).toMatchObject({ error: { code: -32602 } });
    }
    expect((await McpEndpoint.open(app.url, token)).sessionId).toBeDefined();
  });
});
