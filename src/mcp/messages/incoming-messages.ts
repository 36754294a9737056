import {
  encodeError,
  idIn,
  isAnswer,
  type JsonRpcMessage,
  type JsonRpcRequest,
  readMessage,
} from './json-rpc.js';
import { ProtocolError } from './protocol.error.js';
import { asRefusal, RefusedError } from './refused.error.js';
import type { RequestId } from './sdk-types.js';

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
  if (!Array.isArray(value)) return { messages: [toMessage(value)], malformed: NONE, batched: false };
  if (value.length === 0 || value.length > MAX_BATCH) {
    throw malformed(`A batch must have 1 to ${MAX_BATCH} messages`);
  }
  const messages: JsonRpcMessage[] = [];
  const others: MalformedMessage[] = [];
  for (const item of value as readonly unknown[]) {
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

function toMessage(value: unknown): JsonRpcMessage {
  try {
    return readMessage(value);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw malformed(error.message, error.code, idIn(value));
  }
}

function malformed(message: string, code?: number, id: RequestId | null = null): RefusedError {
  return new RefusedError('malformed_message', message, { id, ...(code === undefined ? {} : { code }) });
}
