import type { RefusalCode } from '../../audit/index.js';
import { isUtf8 } from 'node:buffer';
import { ErrorCode } from '../messages/sdk-types.js';
import { RefusedError } from '../messages/refused.error.js';
import { weightOfJson } from '../limits/weight.js';
import { measureJson, opensAtMost } from './json-measure.js';

const MAX_DEPTH = 64;
const MAX_ELEMENTS = 10_000;
/** A text of so many characters is not measured: it weighs as if each eighth began an element. */
const SMALL = 1_024;

/** A message as it was parsed, and what it takes in memory, in bytes: about. */
export interface ParsedJson {
  readonly value: unknown;
  readonly weight: number;
}

/**
 * Parses what a client sent as JSON. Throws {@link RefusedError} for what is not UTF-8 or not JSON
 * (−32700), nests deeper than 64 levels or has more than 10,000 elements. Nothing of it is in the error.
 */
export function parseJson(bytes: Buffer): ParsedJson {
  const text = decode(bytes);
  const isSmall = text.length <= SMALL && opensAtMost(text, MAX_DEPTH);
  const elements = isSmall ? text.length >> 3 : assertMeasure(text);
  try {
    return {
      value: JSON.parse(text) as unknown,
      weight: weightOfJson(bytes.length, text.length, elements),
    };
  } catch {
    throw refused('malformed_json', 'The message is not valid JSON', ErrorCode.ParseError);
  }
}

function assertMeasure(text: string): number {
  const { depth, elements } = measureJson(text);
  if (depth > MAX_DEPTH) throw refused('too_deep', `The message nests deeper than ${MAX_DEPTH} levels`);
  if (elements > MAX_ELEMENTS) {
    throw refused('too_many_elements', `The message has over ${MAX_ELEMENTS} elements`);
  }
  return elements;
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
): RefusedError {
  return new RefusedError(reason, message, { code });
}
