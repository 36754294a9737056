import { type EraClient, ERAS, type Params } from '../support/eras/index.js';
import { tokenOf } from '../support/forge.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { CountedTool, DearTool } from '../fixtures/limited.tools.js';

/** So rarely that nothing comes back while a test runs. */
const LIMIT = 12;

let app: TestApp;
let counted: CountedTool;
beforeAll(async () => {
  app = await startApp({ RATE_LIMIT: `${LIMIT}/1d` }, [CountedTool, DearTool]);
  counted = app.app.get(CountedTool);
});
beforeEach(() => (counted.runs = 0));
afterAll(() => app.close());

let serial = 0;
const requestOf = (at: number, method = 'tools/call', params: Params = { name: 'counted' }): string =>
  ERAS[at]!.request(`evading-${(serial += 1)}`, method, params);

const batch = (size: number): unknown[] =>
  Array.from({ length: size }, () => JSON.parse(requestOf(1)) as unknown);

const connect = (at: number, sub: string): Promise<EraClient> => ERAS[at]!.connect(app.url, tokenOf(sub));

/** Twice as often as the limit says, in each revision in turn: how many were not refused. */
async function passedOf(attempt: (at: number, turn: number) => Promise<number>): Promise<number> {
  const statuses: number[] = [];
  for (let turn = 0; turn < 2 * LIMIT; turn += 1) statuses.push(await attempt(turn % ERAS.length, turn));
  const refused = statuses.filter((status) => status === 429);
  expect(refused).toEqual(statuses.slice(LIMIT));
  return statuses.length - refused.length;
}

it('calls with a new token each count for the same principal, in every revision', async () => {
  const clients = await Promise.all(ERAS.map((_era, at) => connect(at, 'refreshing')));
  const passed = await passedOf(async (at) => {
    const answer = await clients[at]!.send(requestOf(at), { token: tokenOf('refreshing') });
    return answer.status;
  });
  expect([passed, counted.runs]).toEqual([LIMIT, LIMIT]);
  for (const client of clients) client.close();
});

it('calls in a new session each count for the same principal', async () => {
  const passed = await passedOf(async (at) => {
    const client = await connect(at, 'opening');
    const { status } = await client.send(requestOf(at));
    client.close();
    return status;
  });
  expect(passed).toBe(LIMIT);
});

it.each<readonly [string, string, (turn: number) => Params]>([
  ['names that there are not', 'tools/call', (turn) => ({ name: `no-such-${turn}` })],
  ['names in another spelling', 'tools/call', (turn) => ({ name: turn % 2 === 0 ? 'COUNTED' : 'counted ' })],
  ['wrong arguments', 'tools/call', () => ({ name: 'echo', arguments: { message: 5 } })],
  ['resources', 'resources/read', (turn) => ({ uri: `file:///${turn}` })],
  ['prompts', 'prompts/get', (turn) => ({ name: `no-such-${turn}` })],
  [
    'suggestions',
    'completion/complete',
    (turn) => ({ ref: { type: 'ref/prompt', name: `p${turn}` }, argument: { name: 'a', value: '' } }),
  ],
])('calls with %s count too', async (what, method, paramsFor) => {
  const clients = await Promise.all(ERAS.map((_era, at) => connect(at, what)));
  const passed = await passedOf(async (at, turn) => {
    const { status } = await clients[at]!.send(requestOf(at, method, paramsFor(turn)));
    return status;
  });
  expect(passed).toBe(LIMIT);
  for (const client of clients) client.close();
});

it('another revision or another token does not evade the limit of a tool', async () => {
  const clients = await Promise.all(ERAS.map((_era, at) => connect(at, 'dear')));
  const statuses: number[] = [];
  for (const at of [0, 1, 2]) {
    const posting = { token: tokenOf('dear') };
    statuses.push((await clients[at]!.send(requestOf(at, 'tools/call', { name: 'dear' }), posting)).status);
  }
  expect(statuses).toEqual([202, 429, 429]);
  for (const client of clients) client.close();
});

it('a call that is written as a notification is not counted, and not run', async () => {
  const clients = await Promise.all(ERAS.map((_era, at) => connect(at, 'notifying')));
  const { id: _id, ...notification } = JSON.parse(requestOf(0)) as Record<string, unknown>;
  for (let turn = 0; turn < 2 * LIMIT; turn += 1) {
    expect((await clients[turn % 3]!.send(JSON.stringify(notification))).status).toBe(202);
  }
  expect(counted.runs).toBe(0);
  expect((await clients[0]!.request('after', 'tools/call', { name: 'counted' })).result).toBeDefined();
  for (const client of clients) client.close();
});

it('the calls of a batch count one by one', async () => {
  const endpoint = await McpEndpoint.open(app.url, tokenOf('batching'), '2025-03-26');
  const statuses: number[] = [];
  for (const size of [LIMIT - 1, 2, 1, 1]) statuses.push((await endpoint.post(batch(size))).status);
  expect(statuses).toEqual([200, 429, 200, 429]);
  expect(counted.runs).toBe(LIMIT);
  await endpoint.delete();
});
