import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { Principal } from '../authorization/principal.js';
import { CallLimiter, type ChargedBody } from '../gate/call.limiter.js';
import { FairTurns } from '../limits/fair-turns.js';
import { type ByteHold, InFlightBudgets } from '../limits/in-flight.budgets.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import { type IncomingMessages, toMessages } from '../messages/incoming-messages.js';
import { type ParsedJson, parseJson } from './json-text.js';
import { announcedBytes, assertMediaType, readBefore, readBytes } from './message-body.js';

/** A larger body, or a message with a larger parsed size, waits for its user's turn before it is dispatched. Bytes. */
const LARGE_BYTES = 65_536;

/** The messages of one body, counted for its user. The caller of {@link MessageReader.read} releases the hold. */
export interface ReadMessages extends IncomingMessages {
  readonly hold: ByteHold;
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
    const hold = this.hold(principal);
    try {
      // Awaits only promises, here and below, since most bodies are small and have already arrived.
      const charge = this.limiter.chargeBody(announcedBytes(request), principal);
      const taken = charge instanceof Promise ? await charge : charge;
      const { maxBodyBytes } = this.options;
      const before = readBefore(request, maxBodyBytes);
      if (before !== undefined) hold.resize(before.length);
      const reading = before ?? readBytes(request, maxBodyBytes, hold);
      const bytes = reading instanceof Promise ? await reading : reading;
      const { length } = bytes;
      const parsing = this.parse(bytes, hold);
      const { value } = parsing instanceof Promise ? await parsing : parsing;
      // Frees memory now rather than at the next collection. A buffer of this size that was read here is not shared.
      if (length > LARGE_BYTES && before === undefined) (bytes.buffer as ArrayBuffer).transfer(0);
      const { messages, malformed, batched } = toMessages(value);
      return { messages, malformed, batched, hold, body: { length, taken } };
    } catch (error) {
      hold.release();
      throw error;
    }
  }

  /** A new hold for a message of this principal. */
  hold({ userKey }: Principal): ByteHold {
    return this.budgets.hold(userKey, 0);
  }

  /** Parses a message, in its user's turn where it is large; counts it with its parsed size from then on. */
  parse(bytes: Buffer, hold: ByteHold): ParsedJson | Promise<ParsedJson> {
    if (bytes.length > LARGE_BYTES) {
      return this.turns.take(hold.user, bytes.length).then(() => parseCounted(bytes, hold));
    }
    const parsed = parseCounted(bytes, hold);
    const { weight } = parsed;
    // Many elements in few bytes: parsing them is cheap, validating them is not.
    return weight > LARGE_BYTES ? this.turns.take(hold.user, weight).then(() => parsed) : parsed;
  }
}

function parseCounted(bytes: Buffer, hold: ByteHold): ParsedJson {
  const parsed = parseJson(bytes);
  hold.resize(parsed.weight);
  return parsed;
}
