/** Something that a call asks its client for. */
export interface Question {
  readonly method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list';
  readonly params: Readonly<Record<string, unknown>>;
  /** What the handler calls it; undefined: it is known by its number. */
  readonly key: string | undefined;
}

/** Asks the client of a call, in the way of the revision that it speaks. */
export interface ClientInput {
  /** Takes in what the client brings of earlier rounds; throws `ProtocolError` where that is not genuine. */
  resume?(): Promise<void>;
  /** Resolves with the client's result, which nobody has checked yet. */
  ask(question: Question): Promise<unknown>;
  /** Runs a step that must not run again when the handler does. */
  once<T>(key: string, step: () => T | Promise<T>): Promise<T>;
  /** What the handler was left for: it goes out in place of a result. */
  required?(): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** Nobody waits for an answer any more: what is still asked is taken back. */
  drop?(reason: Error): void;
}
