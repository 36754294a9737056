import { createHash } from 'node:crypto';
import { isObject, type JsonRpcRequest } from '../messages/json-rpc.js';
import type { Question } from './client.input.js';

/** What a request asks for, whichever round of it this is: its method, and its parameters but for the round's own. */
export function digestOfRequest({ method, params }: JsonRpcRequest): string {
  const { _meta, inputResponses: _responses, requestState: _state, ...salient } = params;
  return digest([method, salient]);
}

/** What the client is asked, to the letter. */
export function digestOfQuestion(key: string, { method, params }: Question): string {
  return digest([key, method, params]);
}

/** SHA-256 of a JSON value, in whichever order its members are. */
function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value, inOrder)).digest('base64url');
}

function inOrder(_key: string, value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
