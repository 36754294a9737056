import { RateLimiter } from '../../src/backplane/index.js';
import { type McpTool, Tool } from '../../src/mcp/index.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession, type Reply } from '../support/raw-session.js';
import { connectSdk, connectSdkOverMcp } from '../support/sdk-client.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const COUNT = 100;
/** Of 100 in a minute. */
const INTERVAL_MS = 600;
const CALLS = 300;
const AT_ONCE = 50;

@Tool({ name: 'dear', description: 'Is not to be had often.', rateLimit: '2/1d' })
class DearTool implements McpTool {
  execute(): string {
    return 'here you are';
  }
}

let app: TestApp;
beforeEach(async () => {
  app = await startApp({ RATE_LIMIT: '100/1m' }, [DearTool]);
});
afterEach(() => app.close());

const keys = (): number => app.app.get<{ size: number }>(RateLimiter, { strict: false }).size;
const callOf = (id: number | string, name = 'test') => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name },
});

const batch = (size: number) => Array.from({ length: size }, (_, at) => callOf(at));

interface Sent {
  readonly id: number;
  readonly response: Response;
}

interface Flood {
  readonly passed: Sent[];
  readonly refused: Sent[];
  readonly elapsedMs: number;
}

/** Sends more calls than the limit, without a pause. `aside` runs between them. */
async function flood(post: (id: number) => Promise<Response>, aside: () => Promise<void>): Promise<Flood> {
  const startedAt = performance.now();
  const send = async (id: number): Promise<Sent> => ({ id, response: await post(id) });
  const sent: Sent[] = [];
  for (let at = 0; at < CALLS; at += AT_ONCE) {
    sent.push(...(await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => send(at + n)))));
    await aside();
  }
  const elapsedMs = performance.now() - startedAt;
  const refused = sent.filter(({ response }) => response.status === 429);
  return { passed: sent.filter(({ response }) => response.status < 300), refused, elapsedMs };
}

function expectLimited({ passed, refused, elapsedMs }: Flood): void {
  expect(passed.length + refused.length).toBe(CALLS);
  expect(passed.length).toBeGreaterThanOrEqual(COUNT);
  expect(passed.length).toBeLessThanOrEqual(COUNT + Math.ceil(elapsedMs / INTERVAL_MS));
}

async function expectRefusal(
  response: Response,
  id: number | string | null,
  policy = 'calls',
): Promise<void> {
  expect(response.status).toBe(429);
  expect(await response.json()).toEqual({
    jsonrpc: '2.0',
    id,
    error: { code: 429, message: 'Too many calls: try again later' },
  });
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  const seconds = response.headers.get('retry-after');
  expect(response.headers.get('ratelimit')).toBe(`"${policy}";r=0;t=${seconds}`);
}

describe('300 calls at once, of a principal that may make 100 a minute', () => {
  it('on /mcp: 100 pass, the others are told when to retry, and other users are served', async () => {
    const alice = await McpEndpoint.open(app.url, await app.token('alice'));
    const bob = await McpEndpoint.open(app.url, await app.token('bob'));
    let bobs = 0;
    const outcome = await flood(
      (id) => alice.post(callOf(id)),
      async () => {
        expect((await bob.request((bobs += 1), 'tools/call', { name: 'test' })).result).toBeDefined();
      },
    );
    expectLimited(outcome);
    expect(bobs).toBe(CALLS / AT_ONCE);
    for (const { id, response } of outcome.refused) {
      expect(response.headers.get('ratelimit-policy')).toBe('"calls";q=100;w=60');
      // One comes back each 600 ms, and headers count whole seconds.
      expect(response.headers.get('retry-after')).toBe('1');
      await expectRefusal(response, id);
    }
    // For each of them one of its calls, and one of all else.
    expect(keys()).toBe(4);
    await until(
      async () => (await alice.request('later', 'tools/call', { name: 'test' })).result !== undefined,
    );
  });

  it('on /message: 100 pass and are answered, the others are told when to retry', async () => {
    const alice = await RawSession.open(app.url, await app.token('alice'));
    const bob = await RawSession.open(app.url, await app.token('bob'));
    let bobs = 0;
    const outcome = await flood(
      (id) => alice.post(callOf(id)),
      async () => {
        expect((await bob.request((bobs += 1), 'tools/call', { name: 'test' })).result).toBeDefined();
      },
    );
    expectLimited(outcome);
    for (const { id, response } of outcome.refused) {
      expect(response.headers.get('retry-after')).toBe('1');
      await expectRefusal(response, id);
    }
    await alice.until(() => alice.messages.length >= outcome.passed.length);
    await alice.request('control', 'ping');
    const answered = alice.messages.map(({ id }) => id).filter((id) => id !== 'control');
    expect(answered.map(Number).toSorted((a, b) => a - b)).toEqual(outcome.passed.map(({ id }) => id));
    expect(keys()).toBe(3);
    for (const session of [alice, bob]) session.close();
  });
});

it('counts a principal over all its sessions and both transports', async () => {
  const token = await app.token();
  const sse = await RawSession.open(app.url, token);
  const [one, two] = [await McpEndpoint.open(app.url, token), await McpEndpoint.open(app.url, token)];
  const posts = [
    (id: number) => sse.post(callOf(id)),
    (id: number) => one.post(callOf(id)),
    (id: number) => two.post(callOf(id)),
  ];
  const outcome = await flood(
    (id) => posts[id % 3]!(id),
    async () => {},
  );
  expectLimited(outcome);
  sse.close();
});

it('never keeps a client from pinging, listing or opening a session', async () => {
  const token = await app.token();
  const endpoint = await McpEndpoint.open(app.url, token);
  await flood(
    (id) => endpoint.post(callOf(id)),
    async () => {},
  );
  for (let at = 0; at < 20; at += 1) {
    expect((await endpoint.request(`ping ${at}`, 'ping')).result).toEqual({});
    expect((await endpoint.request(`list ${at}`, 'tools/list')).result).toBeDefined();
  }
  const other = await McpEndpoint.open(app.url, token);
  expect(other.sessionId).toBeDefined();
});

it('refuses a batch that does not fit as a whole, and runs nothing of it', async () => {
  const endpoint = await McpEndpoint.open(app.url, await app.token(), '2025-03-26');
  for (const size of [50, 45]) expect((await endpoint.post(batch(size))).status).toBe(200);
  const refused = await endpoint.post(batch(50));
  expect(refused.status).toBe(429);
  expect(((await refused.json()) as Reply).id).toBeNull();
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(1);
  expect((await endpoint.post(batch(5))).status).toBe(200);
});

it('applies the limit of a tool in addition to the general one, for each principal', async () => {
  for (const user of ['alice', 'bob']) {
    const endpoint = await McpEndpoint.open(app.url, await app.token(user));
    for (const id of [1, 2]) {
      expect((await endpoint.post(callOf(id, 'dear'))).status).toBe(200);
    }
    // What it refuses is not taken from the other limit.
    for (let id = 3; id < 2 * COUNT; id += 1) {
      const response = await endpoint.post(callOf(id, 'dear'));
      expect(response.headers.get('ratelimit-policy')).toBe('"tool-dear";q=2;w=86400');
      await expectRefusal(response, id, 'tool-dear');
    }
    expect((await endpoint.post(callOf(0))).status).toBe(200);
  }
});

it.each([
  ['/sse', connectSdk],
  ['/mcp', connectSdkOverMcp],
])(
  'a real client on %s gets the refusal as an error, and its next call is answered',
  async (_path, connect) => {
    const client = await connect(app.url, await app.token());
    const call = () => client.callTool({ name: 'dear' });
    for (let at = 0; at < 2; at += 1) expect((await call()).isError).toBeUndefined();
    await expect(call()).rejects.toThrow(/Too many calls: try again later/);
    expect((await client.callTool({ name: 'test' })).content).toHaveLength(1);
    await client.close();
  },
);
