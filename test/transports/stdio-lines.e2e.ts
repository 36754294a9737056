import { textOf } from '../support/sdk-client.js';
import { type Message, MODERN, StdioProcess } from '../support/stdio-process.js';

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

let sent = 0;

/** The messages that the server sends for `line`, before its reply to the next line. */
async function answersTo(server: StdioProcess, line: string | Buffer): Promise<Message[]> {
  const before = server.messages.length;
  sent += 1;
  const message = `still here ${sent}`;
  server.send(line);
  server.send('\n');
  server.call(message, 'echo', { message });
  expect(textOf((await server.reply(message)).result)).toBe(`Echo: ${message}`);
  return server.messages.slice(before).filter(({ id }) => id !== message);
}

describe.each([
  ['2025-03-26', null],
  ['2025-06-18', null],
  ['2025-11-25', undefined],
])('a session of %s', (version, id) => {
  let server: StdioProcess;
  beforeAll(async () => {
    server = await StdioProcess.initialized(version, { MAX_BODY: '64kb' });
  });
  afterAll(() => server.end());

  it.each<readonly [string, string | Buffer, number]>([
    ['no JSON', 'canary', -32700],
    ['JSON that breaks off', '{"jsonrpc":"2.0","id":1,"method":"canary', -32700],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22]), -32700],
    ['a NUL', '\0', -32700],
    ['a byte order mark', '\uFEFF{"jsonrpc":"2.0","id":1,"method":"ping"}', -32700],
    ['HTTP', 'POST /mcp HTTP/1.1\r', -32700],
    ['no message', '{}', -32600],
    ['no object', '"canary"', -32600],
    ['an empty batch', '[]', -32600],
    ['an id that is null', '{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600],
    ['what nests too deep', `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${nested(64)}}}`, -32600],
    ['what nests to exhaust a parser', nested(30_000), -32600],
    ['a line that is too long', `"${'x'.repeat(64 * 1024)}"`, -32600],
    ['a line of many times that length', 'x'.repeat(2 ** 22), -32600],
  ])('answers %s with an error, and then the next line', async (_what, line, code) => {
    const answers = await answersTo(server, line);
    expect(answers).toEqual([{ jsonrpc: '2.0', id, error: { code, message: expect.any(String) } }]);
    expect(Object.hasOwn(answers[0]!, 'id')).toBe(id === null);
    expect(JSON.stringify(answers)).not.toMatch(/canary|\n\s+at |node_modules|\.js:/);
  });

  it('answers a request that it cannot read under the id that it can', async () => {
    const answers = await answersTo(server, '{"jsonrpc":"2.0","id":"mine","method":7}');
    expect(answers).toMatchObject([{ id: 'mine', error: { code: -32600 } }]);
  });

  it.each([
    ['an answer to nothing', '{"jsonrpc":"2.0","id":99,"result":{}}'],
    ['an answer that is malformed', '{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}'],
    ['a notification that it does not know', '{"jsonrpc":"2.0","method":"notifications/canary"}'],
    [
      'a cancellation of nothing',
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}',
    ],
    ['a cancellation that is malformed', '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}'],
    ['empty lines', '\n\r\n\n'],
  ])('sends no answer to %s', async (_what, line) => {
    expect(await answersTo(server, line)).toEqual([]);
  });

  it('is initialized once', async () => {
    const params = { protocolVersion: version, capabilities: {}, clientInfo: { name: 'e2e', version: '1' } };
    server.request('again', 'initialize', params);
    expect((await server.reply('again')).error).toMatchObject({ code: -32600 });
  });

  const isBatching = version === '2025-03-26';
  it(`${isBatching ? 'answers' : 'refuses'} a batch`, async () => {
    const ping = { jsonrpc: '2.0', method: 'ping' };
    const batch = [
      { ...ping, id: 'b1' },
      { ...ping, method: 'notifications/x' },
      { ...ping, id: 'b2' },
    ];
    const answers: unknown[] = await answersTo(server, JSON.stringify(batch));
    if (!isBatching) expect(answers).toMatchObject([{ error: { code: -32600 } }]);
    else
      expect(answers).toEqual([
        [
          { jsonrpc: '2.0', id: 'b1', result: {} },
          { jsonrpc: '2.0', id: 'b2', result: {} },
        ],
      ]);
  });

  it('wrote nothing but messages', () => {
    for (const message of server.messages.flat()) expect(message).toMatchObject({ jsonrpc: '2.0' });
  });
});

describe('before a revision is negotiated', () => {
  it('an error has the id null, and no id after the first request of 2026-07-28', async () => {
    const server = new StdioProcess();
    server.send('nonsense\n');
    await server.until(() => server.messages.length === 1);
    server.request(1, 'server/discover', { _meta: MODERN });
    await server.reply(1);
    server.send('nonsense\n');
    await server.until(() => server.messages.length === 3);
    expect([server.messages[0], server.messages[2]].map((message) => message!.id)).toEqual([null, undefined]);
    await server.end();
  });

  it('a line may come in pieces, and many in one', async () => {
    const server = new StdioProcess();
    const line = `${JSON.stringify({ jsonrpc: '2.0', id: 'ü', method: 'ping' })}\r\n`;
    for (const byte of Buffer.from(line)) server.send(Buffer.of(byte));
    await server.reply('ü');
    server.send(
      Array.from({ length: 500 }, (_, id) => JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' })).join(
        '\n',
      ),
    );
    expect(await server.end()).toBe(0);
    expect(server.messages.slice(1).map(({ id }) => id)).toEqual(Array.from({ length: 500 }, (_, id) => id));
  });
});
