import Negotiator from 'negotiator';
import type { IncomingMessage } from 'node:http';
import { RefusedError } from '../messages/refused.error.js';

const JSON_TYPE = 'application/json';
const STREAM_TYPE = 'text/event-stream';
const UTF8 = ';charset=utf-8';

/** The media types that the client accepts for a reply. */
export interface AcceptedTypes {
  readonly json: boolean;
  readonly stream: boolean;
}

const BOTH: AcceptedTypes = { json: true, stream: true };

/**
 * Whether the client accepts JSON and event streams, by the media ranges of its `Accept`. Without that header it
 * accepts both. RFC 9110, section 12.5.1.
 */
export function acceptedTypes({ headers }: IncomingMessage): AcceptedTypes {
  const { accept } = headers;
  // The value that nearly every client sends.
  if (accept === undefined || accept === `${JSON_TYPE}, ${STREAM_TYPE}`) return BOTH;
  const negotiator = new Negotiator({ headers: { accept } });
  const ranges = negotiator.mediaTypes().map((range) => range.toLowerCase());
  // A named type counts with any parameters; a wildcard counts where nothing more specific excludes the type.
  const accepts = (type: string): boolean =>
    ranges.includes(type) || negotiator.mediaTypes([type, type + UTF8]).length > 0;
  return { json: accepts(JSON_TYPE), stream: accepts(STREAM_TYPE) };
}

/** Refuses with 406 a client that does not accept an event stream, where the response must be one. */
export function assertAcceptsStream(request: IncomingMessage): void {
  if (!acceptedTypes(request).stream) throw notAcceptable(STREAM_TYPE);
}

/** 406, where the response can only be one of `types`. */
export function notAcceptable(...types: readonly string[]): RefusedError {
  return new RefusedError('not_acceptable', `The Accept header must allow ${types.join(' or ')}`);
}

/** The accepted types of a POST's reply. Refuses with 406 a client that accepts neither. */
export function acceptedReply(request: IncomingMessage): AcceptedTypes {
  const accepted = acceptedTypes(request);
  if (accepted.json || accepted.stream) return accepted;
  throw notAcceptable(JSON_TYPE, STREAM_TYPE);
}
