/** Something that a call asks its client for. */
export interface Question {
  readonly method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list';
  readonly params: Readonly<Record<string, unknown>>;
  /** What the handler calls it; undefined: it is known by its number. */
  readonly key: string | undefined;
}

/** Asks the client of a call, in the way of the revision that it speaks. */
export interface ClientInput {
  /** Resolves with the client's result, which nobody has checked yet. */
  ask(question: Question): Promise<unknown>;
  /** Runs a step that must not run again when the handler does. */
  once<T>(key: string, step: () => T | Promise<T>): Promise<T>;
  /** What the handler cannot go on without: it goes out in place of a result. */
  required(): Promise<object> | undefined;
}
