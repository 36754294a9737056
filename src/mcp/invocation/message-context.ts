import type { ByteHold } from '../limits/in-flight.budgets.js';
import type { MessageSink, Peer } from '../sessions/peer.js';
import type { Principal } from '../authorization/principal.js';

/** Takes messages ahead of a reply. */
export interface ReplySink extends MessageSink {
  /** False: the client has no stream for them. */
  readonly reachesClient?: boolean;
  /** Calls back once: when the reply was sent completely, or when its connection closed before that. */
  whenSent?(listener: (isWhole: boolean) => void): void;
  /** Closes the connection of their stream, where the client can reconnect for the rest. */
  closeStream?(): void;
  /** Keeps the connection of a slow reply open; called at intervals. `now` as `performance.now()`. */
  keepAlive?(now: number): void;
}

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
  readonly hold?: ByteHold | undefined;
}
