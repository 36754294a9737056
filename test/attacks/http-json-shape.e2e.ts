import { expectRpcRefusal } from '../support/envelopes.js';
import { ERAS } from '../support/eras/index.js';
import { tokenOf } from '../support/forge.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession, type Reply } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { CapabilityTool } from '../fixtures/hostile.tools.js';
import { Owner } from '../fixtures/owner.js';

const INVALID_REQUEST = -32600;
const MILLION = 1_000_000;

const call = (id: string, params: string): string =>
  `{"jsonrpc":"2.0","id":"${id}","method":"tools/call","params":${params}}`;

describe.each(ERAS)('$name', (era) => {
  let app: TestApp;
  let owner: Owner;
  beforeAll(async () => {
    app = await startApp({}, [CapabilityTool]);
    owner = await Owner.on(app, era);
  });
  afterAll(async () => {
    owner.close();
    await app.close();
  });

  /** `_meta` with these members and what the revision wants there, as JSON text. */
  const meta = (...members: string[]): string =>
    `"_meta":{${[era.envelope, ...members].filter((part) => part !== '').join(',')}}`;
  /** A request with the value, of which the message is another two levels. */
  const withValue = (value: string): string =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{${meta()},"a":${value}}}`;
  const arrays = (depth: number): string => withValue('['.repeat(depth) + ']'.repeat(depth));
  const objects = (depth: number): string => withValue(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);

  describe('depth', () => {
    it('may be 64 levels', async () => {
      for (const body of [arrays(62), objects(62)]) owner.expectTaken(await owner.post(body));
    });

    it.each([
      ['65 levels of arrays', arrays(63)],
      ['65 levels of objects', objects(63)],
      ['10,000 levels of arrays', arrays(10_000)],
      ['10,000 levels of objects', objects(10_000)],
      ['1,000,000 brackets', '['.repeat(MILLION)],
      ['1,000,000 brackets, closed', '['.repeat(MILLION) + ']'.repeat(MILLION)],
      ['1,000,000 braces', '{"":'.repeat(MILLION)],
      [
        'depth behind a string that hides it',
        withValue(`{"a":"\\\\","b":${'{"a":'.repeat(65)}1${'}'.repeat(65)}}`),
      ],
    ])('may not be %s', async (_what, body) => {
      expectRpcRefusal(await owner.post(body), 400, INVALID_REQUEST);
    });

    it('does not count inside strings, nor what only closes', async () => {
      const quoted = withValue(JSON.stringify('\\"[{'.repeat(1_000)));
      owner.expectTaken(await owner.post(quoted));
      expectRpcRefusal(await owner.post(']'.repeat(MILLION)), 400, -32700);
    });
  });

  describe('elements', () => {
    const list = (count: number): string => withValue(`[${'0,'.repeat(count - 1)}0]`);
    const object = (count: number): string =>
      withValue(`{${Array.from({ length: count }, (_item, at) => `"${at}":0`).join(',')}}`);

    it('may be 9,900', async () => {
      for (const body of [list(9_900), object(9_900)]) owner.expectTaken(await owner.post(body));
    });

    it.each([
      ['an array of 10,001', list(10_001)],
      ['an object of 10,001', object(10_001)],
      ['empty arrays, 10,001 of them', withValue(`[${'[],'.repeat(10_000)}[]]`)],
      ['a million commas', withValue(`[${','.repeat(MILLION)}]`)],
    ])('may not be %s', async (_what, body) => {
      expectRpcRefusal(await owner.post(body), 400, INVALID_REQUEST);
    });

    it('afterwards the session is still served', () => owner.expectUntouched());
  });

  describe('batches', () => {
    const ping = era.request('batched', 'tools/list');
    it.each([
      ['of one', `[${ping}]`],
      ['of two', `[${ping},${ping}]`],
      ['of none', '[]'],
      ['of nothing good', '[1,null,"x"]'],
      ['in a batch', `[[${ping}]]`],
      ['of 10,000', `[${`${ping},`.repeat(9_999)}${ping}]`],
    ])('are refused whole: %s', async (_size, body) => {
      expectRpcRefusal(await owner.post(body), 400, INVALID_REQUEST);
      await owner.expectUntouched();
    });
  });

  const NAMES_OF_OBJECT = Object.getOwnPropertyNames(Object.prototype);

  function expectNoPollution(): void {
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(NAMES_OF_OBJECT);
    for (const value of [{}, [], () => 0]) expect(value).not.toHaveProperty('polluted');
  }

  /** What the tool answers to a client that introduces itself with this. */
  async function capabilitySeenBy(capabilities: string): Promise<Reply> {
    const seen = call('seen', `{"name":"capability",${meta()}}`);
    if (era.revision === '2026-07-28') {
      return owner.ask('seen', seen.replace('clientCapabilities":{}', `clientCapabilities":${capabilities}`));
    }
    const info = '{"name":"x","version":"1","__proto__":{"polluted":true}}';
    const params = `{"protocolVersion":"2025-06-18","clientInfo":${info},"capabilities":${capabilities}}`;
    const initialize = `{"jsonrpc":"2.0","id":"init","method":"initialize","params":${params}}`;
    if (era.revision === '2025-11-25') {
      const opened = await owner.post(initialize, { without: ['Mcp-Session-Id', 'Mcp-Protocol-Version'] });
      const headers = ['Mcp-Session-Id', String(opened.headers['mcp-session-id'])];
      return (await owner.post(seen, { headers, without: ['Mcp-Protocol-Version'] })).json as Reply;
    }
    const session = await RawSession.open(app.url, tokenOf('alice'));
    await session.post(initialize);
    expect((await session.reply('init')).result).toMatchObject({ protocolVersion: '2025-06-18' });
    await session.post(seen);
    const reply = await session.reply('seen');
    session.close();
    return reply;
  }

  describe('names that mean something to JavaScript', () => {
    afterEach(expectNoPollution);

    const POISONS = [
      '"__proto__":{"polluted":true}',
      '"constructor":{"prototype":{"polluted":true}}',
      '"__proto__":{"__proto__":{"polluted":true}}',
      '"toString":1,"valueOf":1,"hasOwnProperty":1,"then":1,"toJSON":1',
    ];

    it.each(POISONS)('in arguments are data: %s', async (poison) => {
      const id = `arguments ${POISONS.indexOf(poison)}`;
      const body = call(id, `{"name":"echo","arguments":{"message":"hi",${poison}},${meta()}}`);
      expect((await owner.ask(id, body)).result).toMatchObject({
        content: [{ type: 'text', text: 'Echo: hi' }],
      });
    });

    it.each(POISONS)('in params, _meta and the message itself are data: %s', async (poison) => {
      const id = `params ${POISONS.indexOf(poison)}`;
      const params = `{"name":"test",${poison},${meta(poison)}}`;
      const { result } = await owner.ask(id, call(id, params).replace('{', `{${poison},`));
      expect(result).toMatchObject({ content: [{ type: 'text' }] });
    });

    it('stand for nothing that was not sent', async () => {
      const hidden = `"__proto__":{"name":"test","arguments":{},"method":"ping","jsonrpc":"2.0","id":9}`;
      expectRpcRefusal(await owner.post(`{${hidden}}`), 400, INVALID_REQUEST);
      const unnamed = await owner.ask('unnamed', call('unnamed', `{${hidden},${meta()}}`));
      expect(unnamed.error).toMatchObject({ code: -32602 });
      const argument = `{"name":"echo","arguments":{"__proto__":{"message":"inherited"}},${meta()}}`;
      const { result } = await owner.ask('inherited', call('inherited', argument));
      expect(result).toMatchObject({ isError: true });
      expect(JSON.stringify(result)).not.toContain('Echo');
    });

    it('in capabilities give a client none that it has not named', async () => {
      const capabilities = '{"__proto__":{"polluted":{}},"constructor":{"prototype":{"polluted":true}}}';
      const { result } = await capabilitySeenBy(capabilities);
      expect(result).toMatchObject({ content: [{ type: 'text', text: 'polluted: none' }] });
    });
  });

  it('of two values under one name the last counts, everywhere alike', async () => {
    const params = `"params":{"name":"test",${meta()}}`;
    const twice = `{"jsonrpc":"1.0","jsonrpc":"2.0","id":"first","id":"last","method":"x","method":"tools/call",${params}}`;
    expect((await owner.ask('last', twice)).result).toMatchObject({ content: [{ type: 'text' }] });
    await owner.expectUntouched();
    expectRpcRefusal(
      await owner.post(`${twice.slice(0, -1)},"jsonrpc":"1.0"}`),
      400,
      INVALID_REQUEST,
      'last',
    );
  });
});

it('a batch of more than 50 is refused whole where the revision has batches', async () => {
  const app = await startApp();
  const endpoint = await McpEndpoint.open(app.url, tokenOf('alice'), '2025-03-26');
  for (const [size, status] of [
    [50, 200],
    [51, 400],
  ] as const) {
    const response = await endpoint.post(
      Array.from({ length: size }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' })),
    );
    const answer: unknown = await response.json();
    expect([response.status, Array.isArray(answer)]).toEqual([status, status === 200]);
  }
  await app.close();
});
