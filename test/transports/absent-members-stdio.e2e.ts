import { MODERN, StdioProcess, type Message } from '../support/stdio-process.js';

const isBatch = (message: unknown): message is Message[] => Array.isArray(message);

let server: StdioProcess;
beforeAll(async () => {
  server = await StdioProcess.initialized('2025-03-26');
});
afterAll(() => server.end());

it('null is absent over stdio, in a session and in 2026-07-28', async () => {
  server.send({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: null });
  expect(await server.reply(1)).toHaveProperty('result');
  const version = 'io.modelcontextprotocol/protocolVersion';
  server.send({ jsonrpc: '2.0', id: 2, method: 'tools/list', params: { _meta: { [version]: null } } });
  expect((await server.reply(2)).result).not.toHaveProperty('resultType');
  server.send({ jsonrpc: '2.0', id: 3, method: 'tools/list', params: { cursor: null, _meta: MODERN } });
  expect((await server.reply(3)).result).toHaveProperty('resultType');
});

it('a malformed message of a batch fails alone over stdio', async () => {
  server.send([
    { jsonrpc: '2.0', id: 4, method: 'ping', params: null },
    { jsonrpc: '2.0', id: 5, method: 5 },
    7,
    { jsonrpc: '2.0', id: 6, method: 'ping' },
  ]);
  await server.until(() => server.messages.some(isBatch));
  const replies = (server.messages as unknown[]).find(isBatch)!;
  expect(replies.map(({ id, error }) => [id, error?.code])).toEqual([
    [4, undefined],
    [6, undefined],
    [5, -32600],
    [null, -32600],
  ]);
});
