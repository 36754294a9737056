import { Inject, Injectable } from '@nestjs/common';
import { FairTurns } from '../limits/fair-turns.js';
import { type ByteHold, InFlightBudgets } from '../limits/in-flight.budgets.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import { CallLimiter } from '../protocol/call.limiter.js';
import { type Principal, principalOf, userKeyOf } from '../sessions/principal.js';
import type { AuthenticatedRequest } from './authenticated-request.js';
import { type IncomingMessages, toMessages } from './incoming-messages.js';
import { parseJson } from './json-text.js';
import { announcedBytes, assertMediaType, readBytes } from './message-body.js';

/** A body of more bytes waits for its user's turn before it is parsed and its messages are begun. */
export const DEAR_BYTES = 65_536;

/** What came in one body, counted among what is held for its user. Whoever took it in releases it at the end. */
export interface TakenMessages extends IncomingMessages {
  readonly hold: ByteHold;
}

/** The one way in for a body: charged before it is read, counted while it is held, and parsed in its user's turn. */
@Injectable()
export class MessageIntake {
  constructor(
    private readonly limiter: CallLimiter,
    private readonly budgets: InFlightBudgets,
    private readonly turns: FairTurns,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /** Rejects with `RequestRefused` for what is not taken, and with `BudgetExceededError`. */
  async take(request: AuthenticatedRequest): Promise<TakenMessages> {
    assertMediaType(request);
    const principal = principalOf(request.auth);
    const hold = this.hold(principal);
    try {
      const taken = await this.limiter.admitBody(announcedBytes(request), principal);
      const bytes = await readBytes(request, this.options.maxBodyBytes, hold);
      const { length } = bytes;
      const value = await this.parse(bytes, hold);
      // Not left to the garbage collector, which takes its time. One of this size is a buffer of its own.
      if (length > DEAR_BYTES) (bytes.buffer as ArrayBuffer).transfer(0);
      const { messages, malformed, batched } = toMessages(value);
      await this.limiter.admit(messages, principal, request.ip, { length, taken });
      return { messages, malformed, batched, hold };
    } catch (error) {
      hold.release();
      throw error;
    }
  }

  /** What a message of this principal is counted with from here on. */
  hold(principal: Principal): ByteHold {
    return this.budgets.hold(userKeyOf(principal), 0);
  }

  /** Parses what has come, in its user's turn where it is large; it is counted with its weight from then on. */
  async parse(bytes: Buffer, hold: ByteHold): Promise<unknown> {
    if (bytes.length > DEAR_BYTES) await this.turns.take(hold.user, bytes.length);
    const { value, weight } = parseJson(bytes);
    hold.resize(weight);
    return value;
  }
}
