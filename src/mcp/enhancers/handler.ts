import type { CallContext } from '../decorators/call-context.js';

/** Runs a method of the class behind an entry, through whatever enhancers it has. */
export type Handler<Input = never, Returned = unknown> = (
  input: Input,
  context: CallContext,
) => Returned | Promise<Returned>;
