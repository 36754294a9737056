import {
  encodeError,
  isObject,
  isRequestId,
  type JsonRpcMessage,
  type JsonRpcRequest,
  type JsonRpcResponse,
  type Params,
} from './json-rpc.js';
import { ProtocolError } from './protocol.error.js';
import { asRefusal, RefusedError } from './refused.error.js';
import { ErrorCode, type RequestId } from './sdk-types.js';

const MAX_BATCH = 50;

/** A malformed member of a batch: it gets an error, and the others are processed. */
export interface MalformedMessage {
  readonly id: RequestId | null;
  /** It has the form of a response to the server. */
  readonly isAnswer: boolean;
  readonly error: ProtocolError;
}

export interface IncomingMessages {
  /** One, or the well-formed ones of a batch. */
  readonly messages: readonly JsonRpcMessage[];
  readonly malformed: readonly MalformedMessage[];
  /** The client sent an array: a batch, which some revisions allow. */
  readonly batched: boolean;
}

const NONE: readonly MalformedMessage[] = [];

/** One message, or a batch of 1 to 50. Throws {@link RefusedError}. */
export function toMessages(value: unknown): IncomingMessages {
  if (Array.isArray(value)) return readBatch(value);
  try {
    return { messages: [readMessage(value)], malformed: NONE, batched: false };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw malformed(error.message, error.code, idIn(value));
  }
}

function readBatch(items: readonly unknown[]): IncomingMessages {
  if (items.length === 0 || items.length > MAX_BATCH) {
    throw malformed(`A batch must have 1 to ${MAX_BATCH} messages`);
  }
  const messages: JsonRpcMessage[] = [];
  const others: MalformedMessage[] = [];
  for (const item of items) {
    try {
      messages.push(readMessage(item));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      others.push({ id: idIn(item), isAnswer: isAnswer(item), error });
    }
  }
  const ids = messages
    .filter(({ kind }) => kind === 'request')
    .map((message) => (message as JsonRpcRequest).id);
  if (new Set(ids).size < ids.length) throw malformed('Two requests of the batch have the same id');
  return { messages, malformed: others, batched: true };
}

/** The error for a malformed member of a batch. */
export function encodeMalformed({ id, error }: MalformedMessage): string {
  return encodeError(id, error.code, error.message);
}

/**
 * Adds the message's id to its refusal, so that the client can match it. A duplicate gets none: its id is that of a
 * request in progress, which is not refused.
 */
export function refusalOf({ messages, batched }: IncomingMessages, thrown: unknown): unknown {
  const [message] = messages;
  const error = asRefusal(thrown);
  if (!(error instanceof RefusedError) || error.reason === 'duplicate_id' || error.id !== null) return error;
  return !batched && message?.kind === 'request' ? error.of(message.id) : error;
}

function malformed(message: string, code?: number, id: RequestId | null = null): RefusedError {
  return new RefusedError('malformed_message', message, { id, ...(code === undefined ? {} : { code }) });
}

/**
 * Reads one JSON-RPC 2.0 message as MCP restricts it: no batch, `params` an object, an id a string or an integer and
 * never null. null and `[]` for absent values are normalized. Throws {@link ProtocolError} (−32600) that says what is wrong.
 */
export function readMessage(value: unknown): JsonRpcMessage {
  if (Array.isArray(value)) throw invalid('Batches are not supported: send one message at a time');
  if (!isObject(value)) throw invalid('A message must be a JSON object');
  if (value['jsonrpc'] !== '2.0') throw invalid('"jsonrpc" must be "2.0"');
  const { method, id } = value;
  if (method === undefined || method === null) return readResponse(value);
  if (typeof method !== 'string') throw invalid('"method" must be a string');
  const params = normalize(value['params'] ?? {}, method === 'prompts/get' ? PROMPT_PARAMS : PARAMS);
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

function invalid(message: string): ProtocolError {
  return new ProtocolError(ErrorCode.InvalidRequest, message);
}

/*
 * Some clients send null for an absent member, and clients in PHP send `[]` for an empty object. Every message is
 * normalized before other code reads it: an optional member that is null is removed, and `[]` becomes `{}` where the
 * protocol requires an object. Values that belong to a tool or to a vendor are not changed.
 */

/** The protocol's type of a value. */
type Shape =
  /** An object whose members the protocol does not define. */
  | 'opaque'
  /** The client's answer to a request of the server. */
  | 'answer'
  /** A list, or a single element in its place. */
  | { readonly each: Shape }
  | {
      /** Members that are objects or lists. */
      readonly members: Readonly<Record<string, Shape>>;
      /** The type of all other members; undefined: unchanged. */
      readonly others?: Shape;
      /** Members without which the object is refused: null there is the client's error. */
      readonly required?: readonly string[];
    };

const PREFIX = 'io.modelcontextprotocol/';
const PLAIN: Shape = { members: {} };
const MARKED: Shape = { members: { _meta: 'opaque' } };
const IMPLEMENTATION: Shape = { members: { icons: { each: PLAIN } } };
/** The presence of a capability says what the client can do; its value is again such an object. */
const CAPABILITY: Shape = { members: {}, others: { members: {}, others: { members: {}, others: PLAIN } } };
const CAPABILITIES: Shape = {
  members: { experimental: { members: {}, others: 'opaque' }, extensions: { members: {}, others: 'opaque' } },
  others: CAPABILITY,
};
const META: Shape = {
  members: { [`${PREFIX}clientInfo`]: IMPLEMENTATION, [`${PREFIX}clientCapabilities`]: CAPABILITIES },
};

const LEAF_BLOCK = { annotations: PLAIN, icons: { each: PLAIN }, resource: MARKED, _meta: 'opaque' } as const;
/** A block of a sample: text, image, tool use or tool result. */
const BLOCK: Shape = {
  members: {
    ...LEAF_BLOCK,
    input: 'opaque',
    structuredContent: 'opaque',
    content: { each: { members: LEAF_BLOCK } },
  },
};
const ELICITED: Shape = { members: { content: PLAIN, _meta: 'opaque' } };
const ANSWERED: Shape = { members: { content: { each: BLOCK }, roots: { each: MARKED }, _meta: 'opaque' } };

const PARAM_MEMBERS = {
  _meta: META,
  // initialize
  capabilities: CAPABILITIES,
  clientInfo: IMPLEMENTATION,
  // completion/complete
  ref: PLAIN,
  argument: PLAIN,
  context: { members: { arguments: PLAIN } },
  // the rounds of a call, from 2026-07-28 on
  inputResponses: { members: {}, others: 'answer' },
  // subscriptions/listen
  notifications: PLAIN,
} as const satisfies Record<string, Shape>;
const REQUIRED = ['name', 'uri'];
const PARAMS: Shape = { members: { ...PARAM_MEMBERS, arguments: 'opaque' }, required: REQUIRED };
/** The protocol defines the arguments of a prompt: their values are strings. */
const PROMPT_PARAMS: Shape = { members: { ...PARAM_MEMBERS, arguments: PLAIN }, required: REQUIRED };

/** Copies only on change: most messages are normal. */
function normalize(value: unknown, shape: Shape): unknown {
  if (shape === 'answer') return normalAnswer(value);
  if (Array.isArray(value)) {
    if (shape !== 'opaque' && 'each' in shape) return value.map((element) => normalize(element, shape.each));
    return value.length === 0 ? {} : value;
  }
  if (shape === 'opaque' || !isObject(value)) return value;
  if ('each' in shape) return normalize(value, shape.each);
  const { members, others, required } = shape;
  let changed: Record<string, unknown> | undefined;
  for (const name of Object.keys(value)) {
    // An assignment would change the copy's prototype.
    if (name === '__proto__') continue;
    const member = value[name];
    if (member === null) {
      if (required?.includes(name) === true) continue;
      changed ??= { ...value };
      delete changed[name];
    } else if (typeof member === 'object') {
      const inner = Object.hasOwn(members, name) ? members[name] : others;
      const normal = inner === undefined ? member : normalize(member, inner);
      if (normal !== member) (changed ??= { ...value })[name] = normal;
    }
  }
  return changed ?? value;
}

/** The client's answer to `elicitation/create`, `sampling/createMessage` or `roots/list`. */
function normalAnswer(answer: unknown): unknown {
  // Only the answer to an elicitation has an action; its content is an object.
  return normalize(answer, isObject(answer) && 'action' in answer ? ELICITED : ANSWERED);
}

/** The key of the revision in the `_meta` of a stateless request. MCP 2026-07-28, Overview. */
export const VERSION_IN_META = 'io.modelcontextprotocol/protocolVersion';

/** The revision in a message's `_meta`; messages of a session have none. */
export function versionIn(message: JsonRpcMessage): unknown {
  if (message.kind === 'response') return undefined;
  const { _meta: meta } = message.params;
  return isObject(meta) ? meta[VERSION_IN_META] : undefined;
}
