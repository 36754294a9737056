import { isObject, type Params } from './json-object.js';
import { normalAnswer, normalParams } from './normal-form.js';
import { ProtocolError } from './protocol.error.js';
import { ErrorCode, type RequestId } from './sdk-types.js';
import { type MessageText, SharedText } from './shared-text.js';
import { wellFormedJson } from './well-formed.js';

export { isObject, isTextObject, type Params } from './json-object.js';

export interface JsonRpcRequest {
  readonly kind: 'request';
  readonly id: RequestId;
  readonly method: string;
  /** Reduced to what is still needed once the arguments of a large call are validated. */
  params: Params;
}

export interface JsonRpcNotification {
  readonly kind: 'notification';
  readonly method: string;
  readonly params: Params;
}

/** The client's response to a request of the server: result or error, not yet validated. */
export type JsonRpcResponse = { readonly kind: 'response'; readonly id: RequestId } & (
  { readonly result: unknown } | { readonly error: unknown }
);

export type JsonRpcMessage = JsonRpcRequest | JsonRpcNotification | JsonRpcResponse;

/**
 * Reads one JSON-RPC 2.0 message as MCP restricts it: no batch, `params` an object, an id a string or an integer and
 * never null. `normal-form.ts` normalizes null and `[]` for absent values. Throws {@link ProtocolError} (−32600) that
 * says what is wrong.
 */
export function readMessage(value: unknown): JsonRpcMessage {
  if (Array.isArray(value)) throw invalid('Batches are not supported: send one message at a time');
  if (!isObject(value)) throw invalid('A message must be a JSON object');
  if (value['jsonrpc'] !== '2.0') throw invalid('"jsonrpc" must be "2.0"');
  const { method, id } = value;
  if (method === undefined || method === null) return readResponse(value);
  if (typeof method !== 'string') throw invalid('"method" must be a string');
  const params = normalParams(method, value['params']);
  if (!isObject(params)) throw invalid('"params" must be an object');
  const hasId = Object.hasOwn(value, 'id') && !(id === null && method.startsWith('notifications/'));
  if (!hasId) return { kind: 'notification', method, params };
  if (!isRequestId(id)) throw invalid('"id" must be a string or an integer');
  return { kind: 'request', id, method, params };
}

function readResponse(value: Params): JsonRpcResponse {
  const { id, result = null, error = null } = value;
  const isBoth = result !== null && error !== null;
  if (isBoth || !isAnswer(value) || !isRequestId(id)) {
    throw invalid('A message needs a "method", or an "id" with either "result" or "error"');
  }
  const failed = result === null && Object.hasOwn(value, 'error');
  return failed ? { kind: 'response', id, error } : { kind: 'response', id, result: normalAnswer(result) };
}

/** Whether a message, well-formed or not, is meant as a response to the server. */
export function isAnswer(message: unknown): boolean {
  return isObject(message) && (Object.hasOwn(message, 'result') || Object.hasOwn(message, 'error'));
}

/** The id of a possibly malformed message; null where it cannot be read. */
export function idIn(message: unknown): RequestId | null {
  const id = isObject(message) ? message['id'] : undefined;
  return isRequestId(id) ? id : null;
}

/** A request of the server to the client. */
export function encodeRequest(id: RequestId, method: string, params: Params): string {
  return wellFormedJson(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
}

/** A response whose result is JSON text already. */
export function encodeResult(id: RequestId, resultJson: MessageText): MessageText {
  const head = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`;
  if (typeof resultJson === 'string') return wellFormedJson(`${head}${resultJson}}`);
  return SharedText.within(wellFormedJson(head), resultJson, '}');
}

/**
 * An error response. Where the request's id could not be read, `id` is null, or undefined and left out from 2025-11-25
 * on.
 */
export function encodeError(
  id: RequestId | null | undefined,
  code: number,
  message: string,
  data?: Params,
): string {
  return wellFormedJson(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, data } }));
}

export function encodeNotification(method: string, params: Params): string {
  return wellFormedJson(JSON.stringify({ jsonrpc: '2.0', method, params }));
}

export function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

function invalid(message: string): ProtocolError {
  return new ProtocolError(ErrorCode.InvalidRequest, message);
}
