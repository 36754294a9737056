import Negotiator from 'negotiator';
import type { IncomingMessage } from 'node:http';
import { RefusedError } from '../messages/refused.error.js';

const JSON_TYPE = 'application/json';
const STREAM_TYPE = 'text/event-stream';
const UTF8 = ';charset=utf-8';

/** What the answer to a request may be. */
export interface AcceptedTypes {
  readonly json: boolean;
  readonly stream: boolean;
}

const BOTH: AcceptedTypes = { json: true, stream: true };

/**
 * Which of JSON and an event stream the client accepts, by the media ranges of its `Accept`. Without that header
 * it accepts both. RFC 9110, section 12.5.1.
 */
export function acceptedTypes({ headers }: IncomingMessage): AcceptedTypes {
  const { accept } = headers;
  // What nearly every client sends.
  if (accept === undefined || accept === `${JSON_TYPE}, ${STREAM_TYPE}`) return BOTH;
  const negotiator = new Negotiator({ headers: { accept } });
  const ranges = negotiator.mediaTypes().map((range) => range.toLowerCase());
  // A type that is named counts with whatever parameters; a wildcard does where nothing more exact excludes the type.
  const accepts = (type: string): boolean =>
    ranges.includes(type) || negotiator.mediaTypes([type, type + UTF8]).length > 0;
  return { json: accepts(JSON_TYPE), stream: accepts(STREAM_TYPE) };
}

/** Refuses with 406 a client that does not accept an event stream, where the answer can be nothing else. */
export function assertAcceptsStream(request: IncomingMessage): void {
  if (!acceptedTypes(request).stream) throw notAcceptable(STREAM_TYPE);
}

/** 406, where the answer could be one of `types` only. */
export function notAcceptable(...types: readonly string[]): RefusedError {
  return new RefusedError('not_acceptable', `The Accept header must allow ${types.join(' or ')}`);
}

/** What a POST may be answered with. Refuses with 406 a client that accepts neither. */
export function acceptedReply(request: IncomingMessage): AcceptedTypes {
  const accepted = acceptedTypes(request);
  if (accepted.json || accepted.stream) return accepted;
  throw notAcceptable(JSON_TYPE, STREAM_TYPE);
}
