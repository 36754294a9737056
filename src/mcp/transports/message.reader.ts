import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { Principal } from '../authorization/principal.js';
import { CallLimiter, type ChargedBody } from '../gate/call.limiter.js';
import { FairTurns } from '../limits/fair-turns.js';
import { type ByteHold, InFlightBudgets } from '../limits/in-flight.budgets.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import { type IncomingMessages, toMessages } from '../messages/incoming-messages.js';
import { parseJson } from './json-text.js';
import { announcedBytes, assertMediaType, readBytes } from './message-body.js';

/** A body of more bytes, or a message that weighs more, waits for its user's turn before its messages are begun. */
const DEAR_BYTES = 65_536;

/** What came in one body, counted among what is held for its user. Its reader's caller releases it at the end. */
export interface ReadMessages extends IncomingMessages {
  readonly hold: ByteHold;
  readonly body: ChargedBody;
}

/** Reads messages: charged before they are read, counted while they are held, and parsed in their user's turn. */
@Injectable()
export class MessageReader {
  constructor(
    private readonly limiter: CallLimiter,
    private readonly budgets: InFlightBudgets,
    private readonly turns: FairTurns,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /** The messages in the body of a request. Rejects with `RefusedError` for what is not taken. */
  async read(request: IncomingMessage, principal: Principal): Promise<ReadMessages> {
    assertMediaType(request);
    const hold = this.hold(principal);
    try {
      const taken = await this.limiter.chargeBody(announcedBytes(request), principal);
      const bytes = await readBytes(request, this.options.maxBodyBytes, hold);
      const { length } = bytes;
      const value = await this.parse(bytes, hold);
      // Not left to the garbage collector, which takes its time. One of this size is a buffer of its own.
      if (length > DEAR_BYTES) (bytes.buffer as ArrayBuffer).transfer(0);
      const { messages, malformed, batched } = toMessages(value);
      return { messages, malformed, batched, hold, body: { length, taken } };
    } catch (error) {
      hold.release();
      throw error;
    }
  }

  /** What a message of this principal is counted with from here on. */
  hold({ userKey }: Principal): ByteHold {
    return this.budgets.hold(userKey, 0);
  }

  /** Parses what has come, in its user's turn where it is large; it is counted with its weight from then on. */
  async parse(bytes: Buffer, hold: ByteHold): Promise<unknown> {
    const isLong = bytes.length > DEAR_BYTES;
    if (isLong) await this.turns.take(hold.user, bytes.length);
    const { value, weight } = parseJson(bytes);
    hold.resize(weight);
    // Many elements in few bytes: parsing them is cheap, validating them is not.
    if (!isLong && weight > DEAR_BYTES) await this.turns.take(hold.user, weight);
    return value;
  }
}
