import { isUtf8 } from 'node:buffer';
import type { RefusalCode } from '../../audit/index.js';
import { weightOfJson } from '../limits/weight.js';
import { RefusedError } from '../messages/refused.error.js';
import { ErrorCode } from '../messages/sdk-types.js';

const MAX_DEPTH = 64;
const MAX_ELEMENTS = 10_000;
/** Up to this many characters a text is not measured; it is estimated at one element per eight characters. */
const SMALL = 1_024;

/** A parsed message, and its approximate memory in bytes. */
export interface ParsedJson {
  readonly value: unknown;
  readonly weight: number;
}

/**
 * Parses what a client sent as JSON. Throws {@link RefusedError} for invalid UTF-8 or JSON (−32700), more than 64
 * levels or more than 10,000 elements. The error contains nothing of the text.
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

/** `Buffer.toString` alone would silently replace invalid UTF-8. */
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
 * The depth of a JSON text and the number of elements in its arrays and objects, counted before parsing, so that the
 * parser never gets a value made to exhaust it. The text need not be valid; for invalid text the result is an upper
 * bound.
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
 * Whether a text certainly has at most `most` levels: it contains no more opening brackets, strings included. True for
 * nearly every message, at a small part of the cost of measuring.
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
