import { ProtocolError } from './protocol.error.js';
import { ErrorCode, type RequestId } from './sdk-types.js';
import { wellFormedJson } from './well-formed.js';

export type Params = Readonly<Record<string, unknown>>;

export interface JsonRpcRequest {
  readonly kind: 'request';
  readonly id: RequestId;
  readonly method: string;
  readonly params: Params;
}

export interface JsonRpcNotification {
  readonly kind: 'notification';
  readonly method: string;
  readonly params: Params;
}

/** The client's answer to a request of the server: one of the two, which nobody has checked yet. */
export type JsonRpcResponse = { readonly kind: 'response'; readonly id: RequestId } & (
  { readonly result: unknown } | { readonly error: unknown }
);

export type JsonRpcMessage = JsonRpcRequest | JsonRpcNotification | JsonRpcResponse;

/**
 * Reads one JSON-RPC 2.0 message as MCP narrows it: no batch, `params` an object, an id a string or an
 * integer and never null. Throws {@link ProtocolError} (−32600) that says what is wrong.
 */
export function readMessage(value: unknown): JsonRpcMessage {
  if (Array.isArray(value)) throw invalid('Batches are not supported: send one message at a time');
  if (!isObject(value)) throw invalid('A message must be a JSON object');
  if (value['jsonrpc'] !== '2.0') throw invalid('"jsonrpc" must be "2.0"');
  if (value['method'] === undefined) return readResponse(value);
  const { method, params = {}, id } = value;
  if (typeof method !== 'string') throw invalid('"method" must be a string');
  if (!isObject(params)) throw invalid('"params" must be an object');
  if (!Object.hasOwn(value, 'id')) return { kind: 'notification', method, params };
  if (!isRequestId(id)) throw invalid('"id" must be a string or an integer');
  return { kind: 'request', id, method, params };
}

function readResponse(value: Params): JsonRpcResponse {
  const { id, result, error } = value;
  const failed = Object.hasOwn(value, 'error');
  if (Object.hasOwn(value, 'result') === failed || !isRequestId(id)) {
    throw invalid('A message needs a "method", or an "id" with either "result" or "error"');
  }
  return failed ? { kind: 'response', id, error } : { kind: 'response', id, result };
}

/** A request of the server to its client. */
export function encodeRequest(id: RequestId, method: string, params: Params): string {
  return wellFormedJson(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
}

/** A response whose result is JSON text already. */
export function encodeResult(id: RequestId, resultJson: string): string {
  return wellFormedJson(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${resultJson}}`);
}

/**
 * An error response. Where the request's id could not be read, `id` is null; or undefined, to be left out, as
 * the revisions from 2025-11-25 on have it.
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

export function isObject(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object whose values are all strings: the arguments of prompts. */
export function isTextObject(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((item) => typeof item === 'string');
}

export function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

function invalid(message: string): ProtocolError {
  return new ProtocolError(ErrorCode.InvalidRequest, message);
}
