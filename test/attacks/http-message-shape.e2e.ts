import { expectRpcRefusal } from '../support/envelopes.js';
import { ERAS } from '../support/eras/index.js';
import type { Reply } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';
import { Owner } from '../fixtures/owner.js';

const INVALID_REQUEST = -32600;
const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;
const HEADER_MISMATCH = -32020;

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
  ...[[1], '', 'x', 0, 1, true, false].flatMap((params) => [
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

/** Where headers repeat the method, there are some that they cannot. */
const isRepeatable = (method: string): boolean => method === method.trim() && !method.includes('\0');

describe.each(ERAS)('$name', (era) => {
  const isModern = era.revision === '2026-07-28';
  let app: TestApp;
  let owner: Owner;
  beforeAll(async () => {
    app = await startApp();
    owner = await Owner.on(app, era);
  });
  afterAll(async () => {
    owner.close();
    await app.close();
  });

  const ask = (id: string | number, method: string, params?: Record<string, unknown>): Promise<Reply> =>
    owner.client.request(id, method, params);

  describe('what is no JSON-RPC message', () => {
    it.each(MALFORMED)('is refused, under its id where it has one: %s', async (_what, message) => {
      const id = (message as { id?: unknown } | null)?.id;
      const readable = typeof id === 'string' || Number.isSafeInteger(id) ? (id as string | number) : null;
      expectRpcRefusal(await owner.post(JSON.stringify(message)), 400, INVALID_REQUEST, readable);
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
        const reply = await ask(id, 'tools/list');
        expect(reply).toEqual({ jsonrpc: '2.0', id, result: expect.any(Object) });
      },
    );

    it.each([0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])('so does %d', async (id) => {
      expect(await ask(id, 'tools/list')).toEqual({ jsonrpc: '2.0', id, result: expect.any(Object) });
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
      const { error } = await ask(`method ${method}`, method);
      expect(error).toEqual({
        code: isModern && !isRepeatable(method) ? HEADER_MISMATCH : METHOD_NOT_FOUND,
        message: expect.any(String),
      });
    });

    it.each([
      'resources/write',
      'resources/delete',
      'prompts/render',
      'completion/list',
      'sampling/createMessage',
    ])('the method %s, which this server does not offer, is unknown', async (method) => {
      expect((await ask(`method ${method}`, method)).error?.code).toBe(METHOD_NOT_FOUND);
    });

    it('an error never repeats the method', async () => {
      const { error } = await ask('secret method', 'canary-method');
      expect(JSON.stringify(error)).not.toContain('canary');
    });

    it.each([
      ['a notification that the server does not know', { jsonrpc: '2.0', method: 'notifications/none' }],
      ['a request’s name without an id', { jsonrpc: '2.0', method: 'tools/call', params: { name: 'test' } }],
      ['a result of no request', { ...RESPONSE, result: {} }],
      ['an error of no request', { ...RESPONSE, error: ERROR }],
      ['members that JSON-RPC has not', { jsonrpc: '2.0', method: 'x', extra: 1, auth: { scopes: ['*'] } }],
    ])('%s is answered with nothing, or refused where clients have no responses', async (_what, message) => {
      const answer = await owner.post(JSON.stringify(message));
      if (isModern && 'id' in message) expectRpcRefusal(answer, 400, INVALID_REQUEST);
      else expect([answer.status, answer.text]).toEqual([202, era.route === '/mcp' ? '' : 'Accepted']);
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
    ])('a call with %s has wrong parameters', async (what, params) => {
      const { error } = await ask(`call with ${what}`, 'tools/call', params);
      // Where headers repeat the name, it is one that they cannot repeat.
      const isMismatch = isModern && what.startsWith('a name');
      const code = isMismatch ? HEADER_MISMATCH : INVALID_PARAMS;
      expect(error).toEqual({ code, message: expect.any(String) });
    });

    it.each([
      ['nothing', {}],
      ['another type', { message: 5 }],
      ['a list', { message: ['x'] }],
      ['null', { message: null }],
    ])('a call with arguments that the tool does not take is a result to mend: %s', async (what, args) => {
      const params = { name: 'echo', arguments: args };
      const { result } = await ask(`arguments ${what}`, 'tools/call', params);
      expect(result).toMatchObject({
        isError: true,
        content: [{ type: 'text', text: expect.stringMatching(/^Invalid arguments for echo: message: /) }],
      });
    });

    it.each([
      ['a cursor that the server did not give', 'tools/list', { cursor: 'eyJvZmZzZXQiOi0xfQ' }],
      ['an empty cursor', 'tools/list', { cursor: '' }],
      ['a cursor that is an object', 'tools/list', { cursor: { $gt: '' } }],
    ])('%s is wrong', async (what, method, params) => {
      const { error } = await ask(what, method, params);
      expect(error).toEqual({ code: INVALID_PARAMS, message: expect.any(String) });
    });

    it('a log level that is none is wrong, where the level is a matter of the session', async () => {
      const { error } = await ask('level', 'logging/setLevel', { level: '__proto__' });
      expect(error?.code).toBe(isModern ? METHOD_NOT_FOUND : INVALID_PARAMS);
    });

    it.each([
      ['no parameters', {}],
      ['a number for a version', { protocolVersion: 5 }],
    ])('initialize with %s is wrong, where there is such a thing', async (_what, params) => {
      const message = era.request('once more', 'initialize', params);
      // Opens a session of its own, where headers name sessions.
      const answer = await owner.post(message, { without: ['Mcp-Session-Id'] });
      const { error } = await owner.client.replyTo('once more', answer);
      const codes = {
        '2024-11-05': INVALID_REQUEST,
        '2025-11-25': INVALID_PARAMS,
        '2026-07-28': METHOD_NOT_FOUND,
      };
      expect(error?.code).toBe(codes[era.revision]);
      expect(answer.headers['mcp-session-id']).toBeUndefined();
    });
  });
});
