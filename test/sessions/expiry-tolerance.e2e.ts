import { SessionService } from '../../src/mcp/index.js';
import { SessionTimer } from '../../src/mcp/sessions/session.timer.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';

/** Shorter than the time for which a verified token is known. */
const LIFE_MS = 60_000;

let app: TestApp;
let sessions: SessionService;

beforeAll(async () => {
  app = await startApp();
  sessions = app.app.get(SessionService, { strict: false });
  // The test decides when expired sessions end.
  app.app.get(SessionTimer, { strict: false }).onModuleDestroy();
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => app.close());

it.each([
  ['/mcp', async (token: string) => McpEndpoint.open(app.url, token)],
  ['/sse', async (token: string) => RawSession.open(app.url, token)],
] as const)('a session on %s lives as long as the guard accepts its expired token', async (_route, open) => {
  const realNow = Date.now.bind(Date);
  const client = await open(await signToken({ livesMs: LIFE_MS }));
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => realNow() + LIFE_MS + 1_000);
  expect((await client.request('within the tolerance', 'ping')).result).toEqual({});
  sessions.closeExpired();
  expect((await client.request('still there', 'ping')).result).toEqual({});
  clock.mockImplementation(() => realNow() + LIFE_MS + 600_000);
  sessions.closeExpired();
  await until(() => sessions.size === 0);
});
