import type { Principal } from '../authorization/principal.js';
import type { Peer } from '../sessions/peer.js';

/** Something that a call asks its client for. */
export interface InputRequest {
  readonly method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list';
  readonly params: Readonly<Record<string, unknown>>;
  /** What the handler calls it; undefined: it is known by its number. */
  readonly key: string | undefined;
}

/** The call that asks. */
export interface AskingCall {
  readonly session: Peer;
  readonly user: Principal;
  /** False: a message that is sent ahead of the reply cannot reach the client. */
  readonly reachesClient: boolean;
  /** Sends a message to the client, on the way that the reply will take. */
  send(message: string): void;
  /** The call's time does not run while `answer` is waited for. */
  pausing<T>(answer: Promise<T>): Promise<T>;
}

/** Asks the client of a call, in the way of the revision that it speaks. */
export interface ClientInput {
  /** Takes in what the client brings of earlier rounds; throws `ProtocolError` where that is not genuine. */
  resume?(): Promise<void>;
  /** Resolves with the client's result, which is not checked yet. */
  ask(question: InputRequest): Promise<unknown>;
  /** Runs a step that must not run again when the handler does. */
  once<T>(key: string, step: () => T | Promise<T>): Promise<T>;
  /** What the handler was left for: it goes out in place of a result. */
  required?(): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** The call waits for no answer any more: what is still asked is taken back. */
  drop?(reason: Error): void;
}
