import type { Principal } from '../authorization/principal.js';
import type { Peer } from '../sessions/peer.js';

/** A request to the client during a call. */
export interface InputRequest {
  readonly method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list';
  readonly params: Readonly<Record<string, unknown>>;
  /** The key that the handler gives; undefined: its number in the call is used. */
  readonly key: string | undefined;
}

/** The call that sends the request. */
export interface AskingCall {
  readonly session: Peer;
  readonly user: Principal;
  /** False: a message sent before the reply cannot reach the client. */
  readonly reachesClient: boolean;
  /** Sends a message to the client on the reply's stream. */
  send(message: string): void;
  /** Stops the call's time limit while waiting for `answer`. */
  pausing<T>(answer: Promise<T>): Promise<T>;
}

/** Requests input from the client of a call, in the form of its revision. */
export interface ClientInput {
  /** Reads the state of earlier rounds; throws `ProtocolError` where it is not genuine. */
  resume?(): Promise<void>;
  /** Resolves with the client's result, not yet validated. */
  ask(question: InputRequest): Promise<unknown>;
  /** Runs a step that must not run again when the handler is run again. */
  once<T>(key: string, step: () => T | Promise<T>): Promise<T>;
  /** The result that requests input, where the handler was interrupted for it. */
  required?(): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** The call has ended: cancels its open requests. */
  cancel?(reason: Error): void;
}
