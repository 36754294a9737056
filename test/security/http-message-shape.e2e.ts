import { expectRpcRefusal } from '../support/envelopes.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { OpenSession } from './fixtures/open-session.js';

const INVALID_REQUEST = -32600;
const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;

let app: TestApp;
let owner: OpenSession;
beforeAll(async () => {
  app = await startApp();
  owner = await OpenSession.on(app);
});
afterAll(async () => {
  owner.close();
  await app.close();
});

const REQUEST = { jsonrpc: '2.0', id: 1, method: 'ping' };
const RESPONSE = { jsonrpc: '2.0', id: 1 };
const ERROR = { code: 1, message: 'x' };

/** `undefined` takes a member away. */
const MALFORMED: readonly (readonly [string, unknown])[] = [
  ...[undefined, null, '', '1.0', '2', '2.0 ', '2.00', 2, 2.0, true, ['2.0'], {}].map(
    (jsonrpc) => [`jsonrpc ${JSON.stringify(jsonrpc)}`, { ...REQUEST, jsonrpc }] as const,
  ),
  ...[null, {}, [], [1], true, false, 1.5, -0.1, 2 ** 53, 1e21].map(
    (id) => [`id ${JSON.stringify(id)}`, { ...REQUEST, id }] as const,
  ),
  ...[undefined, null, 1, true, {}, [], ['ping']].map(
    (method) => [`method ${JSON.stringify(method)}`, { ...REQUEST, method }] as const,
  ),
  ...[null, [], [1], '', 'x', 0, 1, true, false].flatMap((params) => [
    [`params ${JSON.stringify(params)}`, { ...REQUEST, params }] as const,
    [
      `notification with params ${JSON.stringify(params)}`,
      { jsonrpc: '2.0', method: 'notifications/initialized', params },
    ] as const,
  ]),
  ['an empty object', {}],
  ['nothing but the version', { jsonrpc: '2.0' }],
  ['neither result nor error', RESPONSE],
  ['both result and error', { ...RESPONSE, result: {}, error: ERROR }],
  ['a result without an id', { jsonrpc: '2.0', result: {} }],
  ['a result for null', { ...RESPONSE, id: null, result: {} }],
  ['an error without an id', { jsonrpc: '2.0', error: ERROR }],
  ['an error for an object', { ...RESPONSE, id: {}, error: ERROR }],
  ['a result of another version', { ...RESPONSE, jsonrpc: '1.0', result: {} }],
  ...[null, true, false, 0, 1, -1.5, 'ping', ''].map((value) => [JSON.stringify(value), value] as const),
];

describe('what is no JSON-RPC message', () => {
  it.each(MALFORMED)('is refused with no id: %s', async (_what, message) => {
    expectRpcRefusal(await owner.post(JSON.stringify(message)), 400, INVALID_REQUEST);
  });

  it('has numbers beyond all numbers', async () => {
    for (const id of ['1e400', '-1e400', '9007199254740993']) {
      const body = `{"jsonrpc":"2.0","id":${id},"method":"ping"}`;
      expectRpcRefusal(await owner.post(body), 400, INVALID_REQUEST);
    }
  });

  it('leaves the session as it was', () => owner.expectUntouched());
});

describe('what is one, and odd', () => {
  it.each(['', ' ', '0', 'x'.repeat(10_000), '\u0000', '__proto__', 'constructor', 'é\u2028', '"}\n\n'])(
    'the id %j comes back as it is',
    async (id) => {
      const reply = await owner.session.call(id, 'ping');
      expect(reply).toEqual({ jsonrpc: '2.0', id, result: {} });
    },
  );

  it.each([0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])('so does %d', async (id) => {
    expect(await owner.session.call(id, 'ping')).toEqual({ jsonrpc: '2.0', id, result: {} });
  });

  it.each([
    '',
    'Ping',
    'ping ',
    'ping\0',
    ' ping',
    'rpc.discover',
    '__proto__',
    'constructor',
    'toString',
    'has',
  ])('the method %j is unknown', async (method) => {
    const { error } = await owner.session.call(`method ${method}`, method);
    expect(error).toEqual({ code: METHOD_NOT_FOUND, message: expect.any(String) });
  });

  it.each([
    'resources/write',
    'resources/delete',
    'prompts/render',
    'completion/list',
    'sampling/createMessage',
  ])('the method %s, which this server does not offer, is unknown', async (method) => {
    expect((await owner.session.call(`method ${method}`, method)).error?.code).toBe(METHOD_NOT_FOUND);
  });

  it('an error never repeats the method', async () => {
    const { error } = await owner.session.call('secret method', 'canary-method');
    expect(JSON.stringify(error)).not.toContain('canary');
  });

  it.each([
    ['a notification that nobody knows', { jsonrpc: '2.0', method: 'notifications/none' }],
    ['a request’s name without an id', { jsonrpc: '2.0', method: 'tools/call', params: { name: 'test' } }],
    ['a result that nobody asked for', { ...RESPONSE, result: {} }],
    ['an error that nobody asked for', { ...RESPONSE, error: ERROR }],
    ['members that JSON-RPC has not', { jsonrpc: '2.0', method: 'x', extra: 1, auth: { scopes: ['*'] } }],
  ])('%s is accepted, and answered with nothing', async (_what, message) => {
    const response = await owner.post(JSON.stringify(message));
    expect(response.status).toBe(202);
    await owner.expectUntouched();
  });

  it.each([
    ['no name', {}],
    ['a name that is a number', { name: 5 }],
    ['a name that is null', { name: null }],
    ['a name that is a list', { name: ['test'] }],
    ['a name that is an object', { name: { toString: 'test' } }],
    ['arguments that are a list', { name: 'echo', arguments: ['x'] }],
    ['arguments that are text', { name: 'echo', arguments: '{"message":"x"}' }],
    ['arguments that are null', { name: 'echo', arguments: null }],
  ])('a call with %s has wrong parameters', async (what, params) => {
    const { error } = await owner.session.call(`call with ${what}`, 'tools/call', params);
    expect(error).toEqual({ code: INVALID_PARAMS, message: expect.any(String) });
  });

  it.each([
    ['nothing', {}],
    ['another type', { message: 5 }],
    ['a list', { message: ['x'] }],
    ['null', { message: null }],
  ])('a call with arguments that the tool does not take is a result to mend: %s', async (what, args) => {
    const params = { name: 'echo', arguments: args };
    const { result } = await owner.session.call(`arguments ${what}`, 'tools/call', params);
    expect(result).toEqual({
      isError: true,
      content: [{ type: 'text', text: expect.stringMatching(/^Invalid arguments for echo: message: /) }],
    });
  });

  it.each([
    ['initialize without parameters', 'initialize', {}],
    ['initialize with a number for a version', 'initialize', { protocolVersion: 5 }],
    ['a log level that is none', 'logging/setLevel', { level: '__proto__' }],
    ['a cursor that nobody gave', 'tools/list', { cursor: 'eyJvZmZzZXQiOi0xfQ' }],
    ['an empty cursor', 'tools/list', { cursor: '' }],
    ['a cursor that is an object', 'tools/list', { cursor: { $gt: '' } }],
  ])('%s is wrong', async (what, method, params) => {
    const { error } = await owner.session.call(what, method, params);
    expect(error).toEqual({ code: INVALID_PARAMS, message: expect.any(String) });
  });
});
