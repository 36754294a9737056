import { type Era, ENVELOPE, ERAS, StatelessClient } from '../support/eras/index.js';
import { tokenOf } from '../support/forge.js';
import { RawSession, type Reply } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { send } from '../support/wire.js';

const INVALID_PARAMS = -32602;
const CANARY = 'canary-key';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const introduction = (capabilities: object, clientInfo: object = {}): Record<string, unknown> => ({
  protocolVersion: '2025-11-25',
  capabilities,
  clientInfo: { name: 'by-hand', version: '1', ...clientInfo },
});

describe.each(ERAS.filter(({ revision }) => revision < '2026'))('a session, $name', (era: Era) => {
  /** Opens a session, and says what it is answered with. */
  async function initialize(params: Record<string, unknown>): Promise<Reply> {
    const token = tokenOf('alice');
    if (era.route === '/message') {
      const session = await RawSession.open(app.url, token);
      return session.request(1, 'initialize', params).finally(() => session.close());
    }
    const headers = ['Content-Type', 'application/json', 'Accept', '*/*'];
    const body = era.request(1, 'initialize', params);
    const answer = await send(`${app.url}/mcp`, { method: 'POST', token, headers, body });
    const reply = answer.json as Reply;
    expect('mcp-session-id' in answer.headers).toBe(reply.error === undefined);
    return reply;
  }

  it.each([
    ['a name', introduction({}, { name: 'x'.repeat(65_536) })],
    ['a version', introduction({}, { version: 'x'.repeat(65_536) })],
    ['capabilities of one’s own', introduction({ experimental: { own: { x: 'x'.repeat(65_536) } } })],
    [
      'many capabilities',
      introduction({
        experimental: Object.fromEntries(
          Array.from({ length: 2_000 }, (_, n) => [`own${n}`.padEnd(40, 'x'), {}]),
        ),
      }),
    ],
    ['settings of a capability', introduction({ elicitation: { form: { x: 'x'.repeat(65_536) } } })],
  ])('is refused with %s of over 64 KiB', async (_what, params) => {
    expect((await initialize(params)).error?.code).toBe(INVALID_PARAMS);
  });

  it('is opened with a capability of 65,000 characters', async () => {
    const { result } = await initialize(introduction({ experimental: { own: { x: 'x'.repeat(65_000) } } }));
    expect(result).toHaveProperty('serverInfo');
  });

  it('that is refused repeats nothing of what was sent, however much of it is wrong', async () => {
    const wrong = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [CANARY + String(n), 5]));
    const { error } = await initialize(introduction({ experimental: wrong }));
    expect(error).toEqual({
      code: INVALID_PARAMS,
      message: 'Invalid initialize parameters: capabilities.experimental',
    });
  });
});

const uri = (length: number): string => 'file:///'.padEnd(length, 'x');

describe('a subscription of 2026-07-28', () => {
  const experimental = { own: { x: 'x'.repeat(2 ** 19) } };
  it.each([
    ['long URIs', 1, { notifications: { resourceSubscriptions: Array(1_000).fill(uri(300)) } }],
    ['many elements', 1, { notifications: { toolsListChanged: true }, pad: Array(9_000).fill(0) }],
    ['a long id', 'x'.repeat(2 ** 19), { notifications: { toolsListChanged: true } }],
    [
      'large capabilities',
      1,
      {
        notifications: { toolsListChanged: true },
        _meta: { ...ENVELOPE, 'io.modelcontextprotocol/clientCapabilities': { experimental } },
      },
    ],
  ])('is not opened with %s: over 320 KiB', async (_what, id, params) => {
    const client = await StatelessClient.connect(app.url, tokenOf('alice'));
    const { error } = await client.request(id, 'subscriptions/listen', params);
    expect(error?.code).toBe(INVALID_PARAMS);
    expect(error?.message.length).toBeLessThan(100);
  });

  it('may have 1,000 URIs of 200 characters', async () => {
    const client = await StatelessClient.connect(app.url, tokenOf('alice'));
    const resourceSubscriptions = Array<string>(1_000).fill(uri(200));
    const listening = client.begin(1, 'subscriptions/listen', { notifications: { resourceSubscriptions } });
    listening.answer.catch(() => undefined);
    await until(() => client.notices.length > 0);
    await listening.cancel();
    expect(client.notices[0]?.params['notifications']).toEqual({ resourceSubscriptions });
  });
});
