import { readMessage } from './incoming-messages.js';
import { ProtocolError } from './protocol.error.js';

describe('readMessage', () => {
  it.each([
    [
      { jsonrpc: '2.0', id: 1, method: 'ping' },
      { kind: 'request', id: 1, method: 'ping', params: {} },
    ],
    [
      { jsonrpc: '2.0', id: 'a', method: 'm', params: { x: 1 } },
      { kind: 'request', id: 'a', method: 'm', params: { x: 1 } },
    ],
    [
      { jsonrpc: '2.0', method: 'n' },
      { kind: 'notification', method: 'n', params: {} },
    ],
    [
      { jsonrpc: '2.0', id: 1, method: 'ping', params: [] },
      { kind: 'request', id: 1, method: 'ping', params: {} },
    ],
    [
      { jsonrpc: '2.0', id: 1, method: 'ping', params: null },
      { kind: 'request', id: 1, method: 'ping', params: {} },
    ],
    [
      { jsonrpc: '2.0', id: 3, result: { action: 'decline' } },
      { kind: 'response', id: 3, result: { action: 'decline' } },
    ],
    [
      { jsonrpc: '2.0', id: 3, error: { code: 1, message: 'x' } },
      { kind: 'response', id: 3, error: { code: 1, message: 'x' } },
    ],
  ])('reads %j', (value, message) => {
    expect(readMessage(value)).toEqual(message);
  });

  it.each([
    [null, 'object'],
    ['text', 'object'],
    [[], 'Batches'],
    [[{ jsonrpc: '2.0', id: 1, method: 'ping' }], 'Batches'],
    [{}, 'jsonrpc'],
    [{ jsonrpc: '1.0', id: 1, method: 'ping' }, 'jsonrpc'],
    [{ jsonrpc: '2.0', id: null, method: 'ping' }, '"id"'],
    [{ jsonrpc: '2.0', id: 1.5, method: 'ping' }, '"id"'],
    [{ jsonrpc: '2.0', id: 2 ** 53, method: 'ping' }, '"id"'],
    [{ jsonrpc: '2.0', id: true, method: 'ping' }, '"id"'],
    [{ jsonrpc: '2.0', id: {}, method: 'ping' }, '"id"'],
    [{ jsonrpc: '2.0', id: 1, method: 7 }, '"method"'],
    [{ jsonrpc: '2.0', id: 1, method: null }, '"method"'],
    [{ jsonrpc: '2.0', id: 1, method: 'ping', params: [1] }, '"params"'],
    [{ jsonrpc: '2.0', id: 1, method: 'ping', params: 'text' }, '"params"'],
    [{ jsonrpc: '2.0', id: 1 }, '"method"'],
    [{ jsonrpc: '2.0', id: 1, result: {}, error: {} }, '"result" or "error"'],
    [{ jsonrpc: '2.0', result: {} }, '"id"'],
  ])('refuses %j', (value, about) => {
    expect(() => readMessage(value)).toThrow(ProtocolError);
    expect(() => readMessage(value)).toThrow(about);
  });
});
