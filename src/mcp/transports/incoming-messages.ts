import { HttpStatus } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { type JsonRpcMessage, type JsonRpcRequest, readMessage } from '../messages/json-rpc.js';
import { ProtocolError } from '../messages/protocol.error.js';
import { RequestRefused, shuttingDown } from '../sessions/request-refused.js';
import type { Session } from '../sessions/session.js';
import { readJsonBody } from './message-body.js';

const MAX_BATCH = 50;

export interface IncomingMessages {
  readonly messages: readonly JsonRpcMessage[];
  /** What came was an array: a batch, which some revisions have. */
  readonly batched: boolean;
}

/** Reads a body as JSON-RPC: one message, or a batch of 1 to 50. Throws {@link RequestRefused}. */
export async function readMessages(request: IncomingMessage, maxBytes: number): Promise<IncomingMessages> {
  return toMessages(await readJsonBody(request, maxBytes));
}

/** One message, or a batch of 1 to 50. Throws {@link RequestRefused}. */
export function toMessages(value: unknown): IncomingMessages {
  if (!Array.isArray(value)) return { messages: [toMessage(value)], batched: false };
  if (value.length === 0 || value.length > MAX_BATCH) {
    throw refused(`A batch must have 1 to ${MAX_BATCH} messages`);
  }
  const messages = value.map(toMessage);
  const ids = messages
    .filter(({ kind }) => kind === 'request')
    .map((message) => (message as JsonRpcRequest).id);
  if (new Set(ids).size < ids.length) throw refused('Two requests of the batch have the same id');
  return { messages, batched: true };
}

/** Refuses a request whose id is in use in its session, and any request while the server shuts down. */
export function assertNewRequest(message: JsonRpcMessage, session: Session, isDraining: boolean): void {
  if (message.kind !== 'request') return;
  if (isDraining) throw shuttingDown();
  if (session.calls.has(message.id)) throw duplicateId();
}

export function duplicateId(): RequestRefused {
  return new RequestRefused(HttpStatus.BAD_REQUEST, 'duplicate_id', 'A request with this id is in progress');
}

function toMessage(value: unknown): JsonRpcMessage {
  try {
    return readMessage(value);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw refused(error.message, error.code);
  }
}

function refused(message: string, code?: number): RequestRefused {
  return new RequestRefused(HttpStatus.BAD_REQUEST, 'malformed_message', message, code);
}
