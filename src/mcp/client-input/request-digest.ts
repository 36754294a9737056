import { createHash } from 'node:crypto';
import { isObject, type JsonRpcRequest } from '../messages/json-rpc.js';
import type { InputRequest } from './client.input.js';

const digests = new WeakMap<JsonRpcRequest, string>();

/**
 * Identifies a request across rounds: its method and its parameters without the round's own. Cached for the lifetime of
 * the request object, also after its parameters are released.
 */
export function digestOfRequest(request: JsonRpcRequest): string {
  let known = digests.get(request);
  if (known === undefined) {
    const { method, params } = request;
    const { _meta, inputResponses: _responses, requestState: _state, ...salient } = params;
    // A client may omit empty arguments in one round and send them in the next.
    known = digest([method, { arguments: {}, ...salient }]);
    digests.set(request, known);
  }
  return known;
}

/** Identifies an input request exactly. */
export function digestOfQuestion(key: string, { method, params }: InputRequest): string {
  return digest([key, method, params]);
}

/** SHA-256 of a JSON value, independent of the order of its members. */
function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value, inOrder)).digest('base64url');
}

function inOrder(_key: string, value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
