import { setTimeout as sleep } from 'node:timers/promises';
import { BackplaneNode, Records } from '../../src/backplane/index.js';
import { MemoryBeats } from '../../src/backplane/memory/memory-beats.js';
import { SessionService, ToolRegistry } from '../../src/mcp/index.js';
import { eventsOf, McpEndpoint, type NumberedEvent } from '../support/mcp-endpoint.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

let app: TestApp;
let endpoint: McpEndpoint;

beforeAll(async () => {
  app = await startApp();
  // As one of several nodes, which read the records of sessions.
  Object.assign(app.app.get(MemoryBeats, { strict: false }), { isLocal: false });
  Object.assign(app.app.get(BackplaneNode).membership, { isAlone: false });
});
afterAll(() => app.close());
beforeEach(async () => {
  endpoint = await McpEndpoint.open(app.url, await app.token());
});
afterEach(() => jest.restoreAllMocks());

/** As with a backplane that takes a while: the record is read, and the session ends before it arrives. */
function endOnTheWay(): void {
  for (const session of app.app.get(SessionService).list()) session.changesHeard += 1;
  const records = app.app.get<Records>(Records);
  const read = records.read.bind(records);
  jest.spyOn(records, 'read').mockImplementationOnce(async (key) => {
    const record = await read(key);
    expect((await endpoint.delete()).status).toBe(204);
    return record;
  });
}

describe('a session that ends while it is looked up', () => {
  it('takes no message, and is not restored', async () => {
    endOnTheWay();
    expect((await endpoint.call(1, 'ping')).status).toBe(404);
    expect((await endpoint.call(2, 'ping')).status).toBe(404);
    expect(app.app.get(SessionService).size).toBe(0);
  });

  it('has no stream that a client can resume', async () => {
    const leaving = new AbortController();
    const { value: primed } = await eventsOf(await endpoint.get({}, leaving.signal)).next();
    leaving.abort();
    await until(() => app.app.get(SessionService).list().at(-1)!.streams.size === 0);
    const { bus } = app.app.get(BackplaneNode);
    const since = bus.since.bind(bus);
    jest.spyOn(bus, 'since').mockImplementationOnce(async (offset) => {
      const missed = await since(offset);
      await endpoint.delete();
      return missed;
    });
    app.app
      .get(ToolRegistry, { strict: false })
      .add({ name: 'new', description: 'New.' }, { execute: () => '' });
    await sleep(20);
    const resumed = await endpoint.get({ 'Last-Event-ID': (primed as NumberedEvent).id });
    expect(resumed.status).toBe(404);
  });

  it('opens no stream', async () => {
    endOnTheWay();
    expect((await endpoint.get()).status).toBe(404);
    expect(app.app.get(SessionService).size).toBe(0);
  });
});
