import type { ByteHold } from '../limits/in-flight.budgets.js';
import type { MessageSink, Peer } from '../sessions/peer.js';
import type { Principal } from '../authorization/principal.js';

/** Where messages go ahead of a reply. */
export interface ReplySink extends MessageSink {
  /** False: the client has no stream that could carry them. */
  readonly reachesClient?: boolean;
  /** Ends the connection of the stream that carries them, where the client can come back for the rest. */
  closeStream?(): void;
  /** Keeps the connection of a reply that takes its time; called every now and then. `now` as `performance.now()`. */
  keepAlive?(now: number): void;
}

/** What a message came with. */
export interface MessageContext {
  readonly peer: Peer;
  /** The caller, as the token of this very message describes it. */
  readonly principal: Principal;
  /** Of the client, where it has one. */
  readonly address?: string | undefined;
  /** Takes what a request causes ahead of its reply: progress, log messages, questions. */
  readonly sink: ReplySink;
  /** What the message is counted with, where it came alone: it shrinks when its arguments are let go of. */
  readonly hold?: ByteHold | undefined;
}
