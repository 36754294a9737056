import type { RefusalCode } from '../../audit/index.js';
import { HttpStatus } from '@nestjs/common';
import { isUtf8 } from 'node:buffer';
import { ErrorCode } from '../messages/sdk-types.js';
import { RequestRefused } from '../sessions/request-refused.js';
import { measureJson, opensAtMost } from './json-measure.js';

const MAX_DEPTH = 64;
const MAX_ELEMENTS = 100_000;

/**
 * Parses what a client sent as JSON. Throws {@link RequestRefused} for what is not UTF-8 or not JSON
 * (−32700), nests deeper than 64 levels or has more than 100,000 elements. Nothing of it is in the error.
 */
export function parseJson(bytes: Buffer): unknown {
  const text = decode(bytes);
  // A text has fewer elements than characters.
  if (text.length > MAX_ELEMENTS || !opensAtMost(text, MAX_DEPTH)) assertMeasure(text);
  try {
    return JSON.parse(text);
  } catch {
    throw refused('malformed_json', 'The message is not valid JSON', ErrorCode.ParseError);
  }
}

function assertMeasure(text: string): void {
  const { depth, elements } = measureJson(text);
  if (depth > MAX_DEPTH) throw refused('too_deep', `The message nests deeper than ${MAX_DEPTH} levels`);
  if (elements > MAX_ELEMENTS) {
    throw refused('too_many_elements', `The message has over ${MAX_ELEMENTS} elements`);
  }
}

/** `Buffer.toString` alone would replace what is not UTF-8, silently. */
function decode(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw refused('malformed_utf8', 'The message is not valid UTF-8', ErrorCode.ParseError);
  return bytes.toString('utf8');
}

function refused(
  reason: RefusalCode,
  message: string,
  code: number = ErrorCode.InvalidRequest,
): RequestRefused {
  return new RequestRefused(HttpStatus.BAD_REQUEST, reason, message, code);
}
