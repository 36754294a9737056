import { RevocationStore } from '../../src/backplane/index.js';
import { SessionService } from '../../src/mcp/index.js';
import { expectNoInsides, expectRpcRefusal } from '../support/envelopes.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { ENVELOPE, type Params, StatelessClient, statelessRequest } from '../support/eras/index.js';
import { tokenOf } from '../support/forge.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { send } from '../support/wire.js';
import { WaitTool } from '../fixtures/hostile.tools.js';

const PREFIX = 'io.modelcontextprotocol/';
const INVALID_REQUEST = -32600;
const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;

let app: TestApp;
let wait: WaitTool;
let client: StatelessClient;
beforeAll(async () => {
  app = await startApp({}, [WaitTool]);
  wait = app.app.get(WaitTool);
  client = await StatelessClient.connect(app.url, tokenOf('alice'));
});
afterAll(() => app.close());
afterEach(() => jest.restoreAllMocks());

/** A request whose `_meta` is this. */
const under = (meta: unknown): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 'odd', method: 'tools/list', params: { _meta: meta } });
const but = (field: string, value: unknown): Params => ({ ...ENVELOPE, [PREFIX + field]: value });

describe('a request that does not say who sends it', () => {
  const ODD: readonly (readonly [string, unknown])[] = [
    ['no _meta', undefined],
    ['_meta that is null', null],
    ['_meta that is a list', []],
    ['_meta that is text', 'x'],
    ['an empty _meta', {}],
    ['an inherited _meta', JSON.parse(`{"__proto__":${JSON.stringify(ENVELOPE)}}`)],
    ...[undefined, null, 20_260_728, '', ['2026-07-28']].map(
      (version) => [`version ${JSON.stringify(version)}`, but('protocolVersion', version)] as const,
    ),
    ...[undefined, null, 'all', [1], 5].map(
      (value) => [`capabilities ${JSON.stringify(value)}`, but('clientCapabilities', value)] as const,
    ),
    ...['x', {}, { name: 5, version: '1' }, { name: 'x' }].map(
      (info) => [`clientInfo ${JSON.stringify(info)}`, but('clientInfo', info)] as const,
    ),
    ...['', 'verbose', '__proto__', 7, ['debug']].map(
      (level) => [`logLevel ${JSON.stringify(level)}`, but('logLevel', level)] as const,
    ),
  ];
  it.each(ODD)('is told so: %s', async (what, meta) => {
    const answer = await client.send(under(meta));
    // A version that is there, and another than the header's, is a matter of the header.
    const isMismatch = /^version (?!undefined|null)/.test(what);
    expect([answer.status, answer.json]).toEqual([
      400,
      {
        jsonrpc: '2.0',
        id: 'odd',
        error: { code: isMismatch ? -32020 : INVALID_PARAMS, message: expect.any(String) },
      },
    ]);
    expectNoInsides(answer);
  });

  it('is answered where it says enough', async () => {
    const answer = await client.send(under(but('clientInfo', undefined)));
    expect([answer.status, answer.json]).toMatchObject([
      200,
      { id: 'odd', result: { resultType: 'complete' } },
    ]);
  });

  it.each(['2026-07-29', '2025-11-25', '2024-11-05', 'v999.0.0', '__proto__', 'x'.repeat(5_000)])(
    'in a revision that is not spoken this way is told which are: %s',
    async (version) => {
      const headers = ['Mcp-Protocol-Version', version];
      const { status, json } = await client.send(under(but('protocolVersion', version)), { headers });
      const supported = expect.arrayContaining(['2026-07-28']);
      const error = { code: -32022, data: { supported, requested: version.slice(0, 64) } };
      expect([status, json]).toMatchObject([400, { id: 'odd', error }]);
    },
  );
});

it.each(['1999-01-01', '2026-07-29', 'v999.0.0'])(
  'the error for an unsupported revision in the header names the supported ones: %s',
  async (version) => {
    const { status, json } = await client.send(
      JSON.stringify({ jsonrpc: '2.0', id: 'odd', method: 'tools/list', params: {} }),
      { headers: ['Mcp-Protocol-Version', version] },
    );
    const supported = expect.arrayContaining(['2026-07-28', '2025-11-25']);
    expect([status, json]).toMatchObject([
      400,
      { id: 'odd', error: { code: -32022, data: { supported, requested: version } } },
    ]);
  },
);

describe('what this revision does not have', () => {
  it.each([
    'initialize',
    'ping',
    'logging/setLevel',
    'resources/subscribe',
    'resources/unsubscribe',
    'rpc.discover',
  ])('the method %s is not found', async (method) => {
    const before = app.app.get(SessionService).size;
    const clientInfo = { name: 'x', version: '1' };
    const params = { protocolVersion: '2026-07-28', capabilities: {}, clientInfo, level: 'info' };
    const answer = await client.send(statelessRequest(7, method, params));
    expect([answer.status, answer.json]).toMatchObject([404, { id: 7, error: { code: METHOD_NOT_FOUND } }]);
    expect(answer.headers['mcp-session-id']).toBeUndefined();
    expect(app.app.get(SessionService).size).toBe(before);
  });

  it('a session: the server looks up no session id of a request, and gives out none', async () => {
    const [own, other] = await Promise.all(
      ['alice', 'mallory'].map((sub) => McpEndpoint.open(app.url, tokenOf(sub))),
    );
    for (const id of [own!.sessionId!, other!.sessionId!, 'AAAAAAAAAAAAAAAAAAAAAA', '', '__proto__']) {
      const headers = ['Mcp-Session-Id', id, 'Last-Event-ID', 'standing.1'];
      const answer = await client.send(statelessRequest('free', 'tools/list'), { headers });
      expect([answer.status, answer.json]).toMatchObject([200, { id: 'free', result: {} }]);
      expect(answer.headers['mcp-session-id']).toBeUndefined();
    }
    expect((await own!.request('still', 'ping')).result).toEqual({});
  });

  it.each(['GET', 'HEAD', 'DELETE'])('is %s, where no session is named', async (method) => {
    const headers = ['Mcp-Session-Id', '', 'Mcp-Protocol-Version', '2026-07-28', 'Accept', '*/*'];
    const answer = await send(`${app.url}/mcp`, { method, token: tokenOf('alice'), headers });
    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST']);
  });

  it.each([
    ['a batch', `[${statelessRequest(1, 'tools/list')}]`],
    ['a batch of notifications', '[{"jsonrpc":"2.0","method":"notifications/x"}]'],
    ['a result', '{"jsonrpc":"2.0","id":1,"result":{}}'],
    ['an error', '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}'],
  ])('is %s', async (_what, body) => {
    const answer = await client.send(body);
    expectRpcRefusal(answer, 400, INVALID_REQUEST);
    expect(answer.text).toMatch(/one message at a time|no responses/);
  });

  it('are notifications that mean something: any is accepted, and does nothing', async () => {
    const waiting = client.begin('mine', 'tools/call', { name: 'wait' });
    const begun = wait.calls.length;
    await until(() => wait.calls.length > begun);
    for (const method of ['notifications/cancelled', 'notifications/initialized', 'notifications/none']) {
      const notification = { jsonrpc: '2.0', method, params: { requestId: 'mine', _meta: ENVELOPE } };
      const answer = await client.send(JSON.stringify(notification));
      expect([answer.status, answer.text]).toEqual([202, '']);
    }
    const call = wait.calls.at(-1)!;
    expect(call.aborted).toBe(false);
    call.release();
    expect((await waiting.reply()).result).toMatchObject({ content: [{ text: 'released' }] });
  });
});

describe('a request and its connection', () => {
  it('the same id twice at a time is two requests', async () => {
    const begun = wait.calls.length;
    const [one, other] = [1, 2].map(() => client.begin('same', 'tools/call', { name: 'wait' }));
    await until(() => wait.calls.length === begun + 2);
    await one!.cancel();
    await until(() => wait.calls.some(({ aborted }, at) => at >= begun && aborted));
    const left = wait.calls.slice(begun).filter(({ aborted }) => !aborted);
    expect(left).toHaveLength(1);
    left[0]!.release();
    expect((await other!.reply()).result).toMatchObject({ content: [{ text: 'released' }] });
  });

  it('nothing is run for a client that has left while its token was looked at', async () => {
    const revocations = app.app.get<RevocationStore>(RevocationStore);
    const { promise: looking, resolve: goOn } = Promise.withResolvers<void>();
    const isRevoked = revocations.isRevoked.bind(revocations);
    let asked = 0;
    jest.spyOn(revocations, 'isRevoked').mockImplementation(async (token) => {
      asked += 1;
      // The first time is the guard's; the second follows the body.
      if (asked === 2) await looking;
      return isRevoked(token);
    });
    const begun = wait.calls.length;
    const leaving = client.begin('leaving', 'tools/call', { name: 'wait' });
    await until(() => asked === 2);
    await leaving.cancel();
    await leaving.ended;
    // Answered behind it: the server has seen the end of the connection by then.
    expect((await client.request('after', 'tools/list')).result).toBeDefined();
    goOn();
    expect((await client.request('later', 'tools/list')).result).toBeDefined();
    expect(wait.calls).toHaveLength(begun);
  });
});
