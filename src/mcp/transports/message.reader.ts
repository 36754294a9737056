import { Inject, Injectable } from '@nestjs/common';
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { RefusalCode } from '../../audit/index.js';
import type { Principal } from '../authorization/principal.js';
import { CallLimiter, type ChargedBody } from '../gate/call.limiter.js';
import { FairTurns } from '../limits/fair-turns.js';
import { type BudgetHold, InFlightBudgets } from '../limits/in-flight.budgets.js';
import { ELEMENT_BYTES } from '../limits/weight.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import { type IncomingMessages, toMessages } from '../messages/incoming-messages.js';
import { RefusedError } from '../messages/refused.error.js';
import { ErrorCode } from '../messages/sdk-types.js';
import { assertMediaType, freeBody, readBody } from './message-body.js';

/** A larger body, or a message with a larger parsed size, waits for its user's turn before it is dispatched. Bytes. */
const LARGE_BYTES = 65_536;

const MAX_DEPTH = 64;
const MAX_ELEMENTS = 10_000;
/** Up to this many characters a text is not measured; it is estimated at one element per eight characters. */
const SMALL = 1_024;

/** A parsed message, and its approximate memory in bytes. */
export interface ParsedJson {
  readonly value: unknown;
  readonly weight: number;
}

/** The messages of one body, counted for its user. The caller of {@link MessageReader.read} releases the hold. */
export interface ReadMessages extends IncomingMessages {
  readonly hold: BudgetHold;
  readonly body: ChargedBody;
}

/** Reads messages: charges them before reading, counts them while held, and parses them in their user's turn. */
@Injectable()
export class MessageReader {
  constructor(
    private readonly limiter: CallLimiter,
    private readonly budgets: InFlightBudgets,
    private readonly turns: FairTurns,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /** The messages in the body of a request. Rejects with `RefusedError`. */
  async read(request: IncomingMessage, principal: Principal): Promise<ReadMessages> {
    assertMediaType(request);
    const hold = this.budgets.hold(principal.userKey, 0);
    try {
      // Awaits only promises, here and below, since most bodies are small and have already arrived.
      const { 'transfer-encoding': encoding, 'content-length': announced = 0 } = request.headers;
      const charge = this.limiter.chargeBody(encoding === undefined ? Number(announced) : undefined, hold);
      const taken = charge instanceof Promise ? await charge : charge;
      const reading = readBody(request, this.options.maxBodyBytes, hold);
      const bytes = reading instanceof Promise ? await reading : reading;
      const { length } = bytes;
      const parsing = this.parse(bytes, hold);
      const { value } = parsing instanceof Promise ? await parsing : parsing;
      if (length > LARGE_BYTES) freeBody(request, bytes);
      const { messages, malformed, batched } = toMessages(value);
      return { messages, malformed, batched, hold, body: { length, taken } };
    } catch (error) {
      hold.release();
      throw error;
    }
  }

  /** Parses a message, in its user's turn where it is large; counts it with its parsed size from then on. */
  parse(bytes: Buffer, hold: BudgetHold): ParsedJson | Promise<ParsedJson> {
    if (bytes.length > LARGE_BYTES) {
      return this.turns.take(hold.user, bytes.length).then(() => parseCounted(bytes, hold));
    }
    const parsed = parseCounted(bytes, hold);
    const { weight } = parsed;
    // Many elements in few bytes: parsing them is cheap, validating them is not.
    return weight > LARGE_BYTES ? this.turns.take(hold.user, weight).then(() => parsed) : parsed;
  }
}

/**
 * Parses what a client sent as JSON. Throws {@link RefusedError} for invalid UTF-8 or JSON (−32700), more than 64
 * levels or more than 10,000 elements. The error contains nothing of the text.
 */
function parseCounted(bytes: Buffer, hold: BudgetHold): ParsedJson {
  // `Buffer.toString` alone would silently replace invalid UTF-8.
  if (!isUtf8(bytes)) throw refused('malformed_utf8', 'The message is not valid UTF-8', ErrorCode.ParseError);
  const text = bytes.toString('utf8');
  const isSmall = text.length <= SMALL && opensAtMost(text, MAX_DEPTH);
  const elements = isSmall ? text.length >> 3 : assertMeasure(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused('malformed_json', 'The message is not valid JSON', ErrorCode.ParseError);
  }
  // As of `weightOf`, without looking at each value.
  const weight = text.length * (bytes.length === text.length ? 1 : 2) + elements * ELEMENT_BYTES;
  hold.resize(weight);
  return { value, weight };
}

function assertMeasure(text: string): number {
  const { depth, elements } = measureJson(text);
  if (depth > MAX_DEPTH) throw refused('too_deep', `The message nests deeper than ${MAX_DEPTH} levels`);
  if (elements > MAX_ELEMENTS) {
    throw refused('too_many_elements', `The message has over ${MAX_ELEMENTS} elements`);
  }
  return elements;
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
