import { expectRpcRefusal } from '../support/envelopes.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { OpenSession } from './fixtures/open-session.js';
import { CapabilityTool } from './fixtures/hostile.tools.js';

const INVALID_REQUEST = -32600;
const MILLION = 1_000_000;

let app: TestApp;
let owner: OpenSession;
beforeAll(async () => {
  app = await startApp({}, [CapabilityTool]);
  owner = await OpenSession.on(app);
});
afterAll(async () => {
  owner.close();
  await app.close();
});

const withParams = (params: string): string => `{"jsonrpc":"2.0","id":1,"method":"ping","params":${params}}`;
const arrays = (depth: number): string => withParams(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`);
const objects = (depth: number): string => withParams(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);

describe('depth', () => {
  it('may be 64 levels', async () => {
    for (const body of [arrays(62), objects(63)]) expect((await owner.post(body)).status).toBe(202);
  });

  it.each([
    ['65 levels of arrays', arrays(63)],
    ['65 levels of objects', objects(64)],
    ['10,000 levels of arrays', arrays(10_000)],
    ['10,000 levels of objects', objects(10_000)],
    ['1,000,000 brackets', '['.repeat(MILLION)],
    ['1,000,000 brackets, closed', '['.repeat(MILLION) + ']'.repeat(MILLION)],
    ['1,000,000 braces', '{"":'.repeat(MILLION)],
    ['depth behind a string that hides it', withParams(`{"a":"\\\\",${objects(65).slice(1)}`)],
  ])('may not be %s', async (_what, body) => {
    expectRpcRefusal(await owner.post(body), 400, INVALID_REQUEST);
  });

  it('does not count inside strings, nor what only closes', async () => {
    const quoted = withParams(`{"a":${JSON.stringify('\\"[{'.repeat(1_000))}}`);
    expect((await owner.post(quoted)).status).toBe(202);
    expectRpcRefusal(await owner.post(']'.repeat(MILLION)), 400, -32700);
  });
});

describe('elements', () => {
  const list = (count: number): string => withParams(`{"a":[${'0,'.repeat(count - 1)}0]}`);
  const object = (count: number): string =>
    withParams(`{${Array.from({ length: count }, (_item, at) => `"${at}":0`).join(',')}}`);

  it('may be 99,000', async () => {
    for (const body of [list(99_000), object(99_000)]) expect((await owner.post(body)).status).toBe(202);
  });

  it.each([
    ['an array of 100,001', list(100_001)],
    ['an object of 100,001', object(100_001)],
    ['empty arrays, 100,001 of them', withParams(`{"a":[${'[],'.repeat(100_000)}[]]}`)],
    ['a million commas', withParams(`{"a":[${','.repeat(MILLION)}]}`)],
  ])('may not be %s', async (_what, body) => {
    expectRpcRefusal(await owner.post(body), 400, INVALID_REQUEST);
  });

  it('afterwards the session is served as ever', () => owner.expectUntouched());
});

describe('batches', () => {
  const ping = '{"jsonrpc":"2.0","id":"batched","method":"ping"}';
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

const call = (id: string, params: string): string =>
  `{"jsonrpc":"2.0","id":"${id}","method":"tools/call","params":${params}}`;

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
    const body = call(id, `{"name":"echo","arguments":{"message":"hi",${poison}}}`);
    expect((await owner.post(body)).status).toBe(202);
    expect((await owner.session.reply(id)).result).toEqual({ content: [{ type: 'text', text: 'Echo: hi' }] });
  });

  it.each(POISONS)('in params, _meta and the message itself are data: %s', async (poison) => {
    const id = `params ${POISONS.indexOf(poison)}`;
    const params = `{"name":"test",${poison},"_meta":{${poison}}}`;
    expect((await owner.post(call(id, params).replace('{', `{${poison},`))).status).toBe(202);
    expect((await owner.session.reply(id)).result).toMatchObject({ content: [{ type: 'text' }] });
  });

  it('stand for nothing that was not sent', async () => {
    const hidden = '{"__proto__":{"name":"test","arguments":{},"method":"ping","jsonrpc":"2.0","id":9}}';
    expectRpcRefusal(await owner.post(hidden), 400, INVALID_REQUEST);
    expect((await owner.post(call('unnamed', hidden))).status).toBe(202);
    expect((await owner.session.reply('unnamed')).error).toMatchObject({ code: -32602 });
    const argument = `{"name":"echo","arguments":{"__proto__":{"message":"inherited"}}}`;
    expect((await owner.post(call('inherited', argument))).status).toBe(202);
    const { result } = await owner.session.reply('inherited');
    expect(result).toMatchObject({ isError: true });
    expect(JSON.stringify(result)).not.toContain('Echo');
  });

  it('in capabilities give a client none that it has not named', async () => {
    const client = await OpenSession.on(app);
    const params = `{"protocolVersion":"2025-06-18","clientInfo":{"name":"x","version":"1","__proto__":{"polluted":true}},
      "capabilities":{"__proto__":{"polluted":{}},"constructor":{"prototype":{"polluted":true}}}}`;
    await client.post(`{"jsonrpc":"2.0","id":"init","method":"initialize","params":${params}}`);
    expect((await client.session.reply('init')).result).toMatchObject({ protocolVersion: '2025-06-18' });
    const seen = await client.session.call('seen', 'tools/call', { name: 'capability', arguments: {} });
    expect(seen.result).toEqual({ content: [{ type: 'text', text: 'polluted: none' }] });
    client.close();
  });
});

it('of two values under one name the last counts, everywhere alike', async () => {
  const twice =
    '{"jsonrpc":"1.0","jsonrpc":"2.0","id":"first","id":"last","method":"nothing","method":"ping"}';
  expect((await owner.post(twice)).status).toBe(202);
  expect((await owner.session.reply('last')).result).toEqual({});
  expect(owner.session.messages.some(({ id }) => id === 'first')).toBe(false);
  expectRpcRefusal(await owner.post(`${twice.slice(0, -1)},"jsonrpc":"1.0"}`), 400, INVALID_REQUEST);
});
