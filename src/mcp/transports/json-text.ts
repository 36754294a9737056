import { isUtf8 } from 'node:buffer';
import type { RefusalCode } from '../../audit/index.js';
import { weightOfJson } from '../limits/weight.js';
import { RefusedError } from '../messages/refused.error.js';
import { ErrorCode } from '../messages/sdk-types.js';

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

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/**
 * How deep a JSON text nests and how many elements its arrays and objects have, counted before it is
 * parsed: so that neither the parser nor what comes after it meets a value that is made to exhaust it. The
 * text need not be valid; one that is not has an upper bound counted.
 */
export function measureJson(text: string): { depth: number; elements: number } {
  let open = 0;
  let depth = 0;
  let elements = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case 0x5b: // [
      case 0x7b: // {
        open += 1;
        elements += 1;
        if (open > depth) depth = open;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        open -= 1;
        break;
      case COMMA:
        elements += 1;
        break;
    }
  }
  return { depth, elements };
}

/**
 * Whether a text is certain to nest no deeper than `most`: it opens no more than that, strings and all. Says
 * so of nearly every message, for a small part of what measuring it would cost.
 */
export function opensAtMost(text: string, most: number): boolean {
  let left = most;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      left -= 1;
      if (left < 0) return false;
    }
  }
  return true;
}

/** The index of the quote that closes the string opened at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}
