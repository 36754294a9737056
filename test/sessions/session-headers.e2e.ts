import { ENVELOPE } from '../support/eras/index.js';
import { eventsOf, McpEndpoint } from '../support/mcp-endpoint.js';
import type { Reply } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await startApp();
  token = await app.token();
});
afterAll(() => app.close());

const VERSION = 'Mcp-Protocol-Version';
const DEAD = 'AAAAAAAAAAAAAAAAAAAAAA';
const ping = (id: number | string) => ({ jsonrpc: '2.0', id, method: 'ping' });
const initialize = (protocolVersion: string) => ({
  jsonrpc: '2.0',
  id: 'init',
  method: 'initialize',
  params: { protocolVersion, capabilities: {}, clientInfo: { name: 'c', version: '1' } },
});

describe.each(['2025-03-26', '2025-06-18', '2025-11-25'])('a session of %s', (agreed) => {
  describe.each([['2026-07-28'], ['2024-11-05'], ['']])('under the version header %j', (version) => {
    const headers = { [VERSION]: version };
    let endpoint: McpEndpoint;
    beforeEach(async () => {
      endpoint = await McpEndpoint.open(app.url, token, agreed);
    });

    it('answers its requests and takes its notifications and responses', async () => {
      const reply = (await (await endpoint.post(ping(1), headers)).json()) as Reply;
      expect(reply).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
      const list = { jsonrpc: '2.0', id: 2, method: 'tools/list', params: { _meta: { progressToken: 1 } } };
      const { result } = (await (await endpoint.post(list, headers)).json()) as Reply;
      // A member of 2026-07-28 alone.
      expect(result).not.toHaveProperty('resultType');
      for (const message of [{ method: 'notifications/initialized' }, { id: 9, result: {} }]) {
        expect((await endpoint.post({ jsonrpc: '2.0', ...message }, headers)).status).toBe(202);
      }
      const batch = await endpoint.post([ping(1), ping(2)], headers);
      expect(batch.status).toBe(agreed === '2025-03-26' ? 200 : 400);
    });

    it('opens its stream, and is deleted', async () => {
      const left = new AbortController();
      const stream = await endpoint.get({ ...headers, 'Last-Event-ID': '' }, left.signal);
      expect(stream.status).toBe(200);
      left.abort();
      const Authorization = `Bearer ${token}`;
      const ended = await fetch(`${app.url}/mcp`, {
        method: 'DELETE',
        headers: { ...headers, Authorization, 'Mcp-Session-Id': endpoint.sessionId! },
      });
      expect(ended.status).toBe(204);
      expect((await endpoint.post(ping(1), headers)).status).toBe(404);
    });
  });
});

it('a notification under the header of 2026-07-28 reaches the session', async () => {
  const endpoint = await McpEndpoint.open(app.url, token, '2025-11-25');
  await endpoint.post(
    { jsonrpc: '2.0', id: 1, method: 'logging/setLevel', params: { level: 'debug' } },
    { [VERSION]: '2026-07-28' },
  );
  const left = new AbortController();
  const stream = await endpoint.get({ [VERSION]: '2026-07-28' }, left.signal);
  for await (const { data } of eventsOf(stream)) {
    // The priming event of 2025-11-25, which the session has agreed on.
    expect(data).toBe('');
    break;
  }
  left.abort();
});

it.each(['2026-07-28', '1999-01-01', '2027-01-01', 'nonsense', ''])(
  'initialize without _meta opens a session under the version header %j',
  async (version) => {
    const endpoint = new McpEndpoint(app.url, token);
    const response = await endpoint.post(initialize('2025-06-18'), {
      [VERSION]: version,
      'Mcp-Session-Id': '',
    });
    expect(await response.json()).toMatchObject({ result: { protocolVersion: '2025-06-18' } });
    expect(response.headers.get('mcp-session-id')).toMatch(/^[\w-]{22}$/);
  },
);

it('a request with a version in _meta belongs to no session, also when its header names one', async () => {
  const list = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: ENVELOPE } };
  const { sessionId } = await McpEndpoint.open(app.url, token);
  for (const named of [sessionId!, DEAD, '']) {
    const headers = { [VERSION]: '2026-07-28', 'Mcp-Method': 'tools/list', 'Mcp-Session-Id': named };
    const endpoint = new McpEndpoint(app.url, token);
    expect(await (await endpoint.post(list, headers)).json()).toMatchObject({
      result: { resultType: 'complete' },
    });
  }
});

it('the server answers 404 to an unknown session, also with a version header of another revision', async () => {
  const endpoint = new McpEndpoint(app.url, token);
  endpoint.sessionId = DEAD;
  const headers = { [VERSION]: '2026-07-28' };
  for (const answer of [await endpoint.post(ping(1), headers), await endpoint.get(headers)]) {
    expect(answer.status).toBe(404);
  }
  const other = await McpEndpoint.open(app.url, await app.token('mallory'));
  endpoint.sessionId = other.sessionId;
  expect((await endpoint.post(ping(1), headers)).status).toBe(404);
});

it('a version that no revision has is refused in a session, with the id of the request', async () => {
  const endpoint = await McpEndpoint.open(app.url, token);
  for (const version of ['1999-01-01', '2025-11-25, 2025-11-25']) {
    const answer = await endpoint.post(ping('mine'), { [VERSION]: version });
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { id: 'mine', error: { code: -32022 } },
    ]);
  }
});

it('a request that names no session is refused under its id', async () => {
  const answer = await new McpEndpoint(app.url, token).post(ping('mine'), { 'Mcp-Session-Id': '' });
  expect([answer.status, await answer.json()]).toMatchObject([400, { id: 'mine' }]);
});
