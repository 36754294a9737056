import { HttpStatus } from '@nestjs/common';
import {
  encodeError,
  idIn,
  isAnswer,
  type JsonRpcMessage,
  type JsonRpcRequest,
  readMessage,
} from '../messages/json-rpc.js';
import { ProtocolError } from '../messages/protocol.error.js';
import { asRefusal, RequestRefused, shuttingDown } from '../sessions/request-refused.js';
import type { Session } from '../sessions/session.js';
import type { RequestId } from '../messages/sdk-types.js';

const MAX_BATCH = 50;
const DUPLICATE_ID = 'duplicate_id';

/** A member of a batch that is no message: it is answered with an error, and the others are taken. */
export interface MalformedMessage {
  readonly id: RequestId | null;
  /** It is meant as an answer to a request of the server. */
  readonly isAnswer: boolean;
  readonly error: ProtocolError;
}

export interface IncomingMessages {
  /** One, or those of a batch that are well-formed. */
  readonly messages: readonly JsonRpcMessage[];
  readonly malformed: readonly MalformedMessage[];
  /** What came was an array: a batch, which some revisions have. */
  readonly batched: boolean;
}

/** One message, or a batch of 1 to 50. Throws {@link RequestRefused}. */
export function toMessages(value: unknown): IncomingMessages {
  if (!Array.isArray(value)) return { messages: [toMessage(value)], malformed: [], batched: false };
  if (value.length === 0 || value.length > MAX_BATCH) {
    throw refused(`A batch must have 1 to ${MAX_BATCH} messages`);
  }
  const messages: JsonRpcMessage[] = [];
  const malformed: MalformedMessage[] = [];
  for (const item of value as readonly unknown[]) {
    try {
      messages.push(readMessage(item));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      malformed.push({ id: idIn(item), isAnswer: isAnswer(item), error });
    }
  }
  const ids = messages
    .filter(({ kind }) => kind === 'request')
    .map((message) => (message as JsonRpcRequest).id);
  if (new Set(ids).size < ids.length) throw refused('Two requests of the batch have the same id');
  return { messages, malformed, batched: true };
}

/** The error that answers a malformed member of a batch. */
export function encodeMalformed({ id, error }: MalformedMessage): string {
  return encodeError(id, error.code, error.message);
}

/** Refuses a request whose id is in use in its session, and any request while the server shuts down. */
export function assertNewRequest(message: JsonRpcMessage, session: Session, isDraining: boolean): void {
  if (message.kind !== 'request') return;
  if (isDraining) throw shuttingDown();
  if (session.calls.has(message.id)) throw duplicateId();
}

/**
 * The refusal of a message with the id of the message, so that its client knows which. A duplicate has none: its id is
 * that of a request in progress, which is not refused.
 */
export function refusalOf({ messages, batched }: IncomingMessages, error: unknown): unknown {
  const [message] = messages;
  const refusal = asRefusal(error);
  const isRefusal =
    refusal instanceof RequestRefused && refusal.reason !== DUPLICATE_ID && refusal.id === null;
  return isRefusal && !batched && message?.kind === 'request' ? refusal.of(message.id) : refusal;
}

export function duplicateId(): RequestRefused {
  return new RequestRefused(HttpStatus.BAD_REQUEST, DUPLICATE_ID, 'A request with this id is in progress');
}

function toMessage(value: unknown): JsonRpcMessage {
  try {
    return readMessage(value);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw refused(error.message, error.code, idIn(value));
  }
}

function refused(message: string, code?: number, id: RequestId | null = null): RequestRefused {
  return new RequestRefused(HttpStatus.BAD_REQUEST, 'malformed_message', message, code, undefined, id);
}
