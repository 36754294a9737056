import { jest } from '@jest/globals';
import { RecordStore } from '../../src/backplane/index.js';
import { SessionService } from '../../src/mcp/index.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { startApp, type TestApp } from '../support/test-app.js';

let app: TestApp;
let endpoint: McpEndpoint;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());
beforeEach(async () => {
  endpoint = await McpEndpoint.open(app.url, await app.token());
});
afterEach(() => jest.restoreAllMocks());

/** As with a backplane that takes a while: the record is read, and the session ends before it arrives. */
function endOnTheWay(): void {
  const records = app.app.get<RecordStore>(RecordStore);
  const get = records.get.bind(records);
  jest.spyOn(records, 'get').mockImplementationOnce(async (key) => {
    const record = await get(key);
    expect((await endpoint.delete()).status).toBe(204);
    return record;
  });
}

describe('a session that ends while it is looked up', () => {
  it('takes no message, and does not come back', async () => {
    endOnTheWay();
    expect((await endpoint.call(1, 'ping')).status).toBe(404);
    expect((await endpoint.call(2, 'ping')).status).toBe(404);
    expect(app.app.get(SessionService).size).toBe(0);
  });

  it('gets no stream', async () => {
    endOnTheWay();
    expect((await endpoint.get()).status).toBe(404);
    expect(app.app.get(SessionService).size).toBe(0);
  });
});
