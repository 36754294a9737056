import type { BudgetHold } from '../limits/in-flight.budgets.js';
import type { Peer, ReplySink } from '../sessions/peer.js';
import type { Principal } from '../authorization/principal.js';

/** The context of a message. */
export interface MessageContext {
  readonly peer: Peer;
  /** The caller, from this message's token. */
  readonly principal: Principal;
  /** Address of the client, where it has one. */
  readonly address?: string | undefined;
  /** Takes messages ahead of the reply: progress, log messages, input requests. */
  readonly sink: ReplySink;
  /** Counts the message, if it arrived alone. It shrinks when the arguments are released. */
  readonly hold?: BudgetHold | undefined;
}
