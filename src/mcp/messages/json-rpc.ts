import type { RequestId } from './sdk-types.js';

/** A JSON object with unknown members. */
export type Params = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object with string values only: the arguments of prompts. */
export function isTextObject(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((item) => typeof item === 'string');
}

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

export function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

/*
 * Messages to a client, as text.
 */

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

/** A message to a client, or a part of one. `toString()` is its text. */
export type MessageText = string | SharedText;

/** Up to this many characters, text is put together faster than bytes are. */
const SHORT = 16_384;

/**
 * Long text that many messages contain: its bytes are made once and shared, so that a message does not search, copy and
 * encode it again. Texts before and after it belong to one message.
 */
export class SharedText {
  /** Bytes of UTF-8. */
  readonly length: number;

  private constructor(
    readonly body: Buffer,
    readonly before: string,
    readonly after: string,
  ) {
    this.length = Buffer.byteLength(before) + body.length + Buffer.byteLength(after);
  }

  /** Text of `JSON.stringify`: as it is where it is short. */
  static ofJson(json: string): MessageText {
    return json.length <= SHORT ? json : new SharedText(Buffer.from(wellFormedJson(json)), '', '');
  }

  /** `text` between two others. */
  static within(before: string, text: MessageText, after: string): MessageText {
    if (typeof text === 'string') return before + text + after;
    return new SharedText(text.body, before + text.before, text.after + after);
  }

  toString(): string {
    return `${this.before}${this.body.toString()}${this.after}`;
  }
}

/**
 * A lone surrogate in JSON text: `JSON.stringify` writes it as an escape, and a pair unescaped (ECMA-262,
 * QuoteJSONString). An even number of backslashes before it are escaped ones.
 */
const LONE_SURROGATE = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/**
 * Replaces each lone surrogate in text of `JSON.stringify` with U+FFFD: strict parsers would refuse the whole message.
 * RFC 8259, section 8.2.
 */
export function wellFormedJson(json: string): string {
  return json.includes('\\ud') ? json.replace(LONE_SURROGATE, '$1\ufffd') : json;
}

/** The text, cut at `length` UTF-16 units, or one earlier where that would split a surrogate pair. Well-formed. */
export function shortened(text: string, length: number): string {
  const halves = isSurrogate(text, length - 1, 0xd800) && isSurrogate(text, length, 0xdc00);
  return text.slice(0, halves ? length - 1 : length).toWellFormed();
}

/** `first`: of the 1,024 high or low surrogates. */
function isSurrogate(text: string, at: number, first: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= first && unit < first + 1_024;
}
