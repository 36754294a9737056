import type { CallContext } from '../decorators/call-context.js';

/** Runs a method of a primitive's class, through its enhancers. */
export type Handler<Input = never, Returned = unknown> = (
  input: Input,
  context: CallContext,
) => Returned | Promise<Returned>;
