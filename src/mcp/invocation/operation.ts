import type { Entry } from '../catalog/entry.js';
import type { CallContext } from '../decorators/call-context.js';
import type { ProtocolError } from '../messages/protocol.error.js';

/** What a client gets for a call: the `result` of its reply. */
export type Result = Readonly<Record<string, unknown>>;

/** What kind of thing is called; also the field of a log line that names it. */
export type OperationKind = 'tool' | 'resource' | 'prompt' | 'completion';

/** Whose fault it is that there is no result. */
export type FailureCause = 'invalid_input' | 'not_found' | 'handler' | 'timeout';

/** The requests that are calls: they do work, and are limited and recorded. */
export const CALL_KINDS: ReadonlyMap<string, OperationKind> = new Map([
  ['tools/call', 'tool'],
  ['resources/read', 'resource'],
  ['prompts/get', 'prompt'],
  ['completion/complete', 'completion'],
]);

/** What a call is about: one entry of the catalogue, and what is asked of it. */
export interface Operation {
  readonly kind: OperationKind;
  /** What it is called in log lines and messages. */
  readonly target: string;
  readonly entry: Pick<Entry, 'audit'>;
  readonly timeoutMs: number | undefined;
  /** The input of the handler; throws {@link InvalidInputError}. */
  prepare(): unknown;
  run(input: unknown, context: CallContext): unknown;
  /** Throws where the handler returned something that is no answer. `onDropped` hears what it leaves out, and why. */
  toResult(returned: unknown, onDropped: (reason: unknown) => void): Result | Promise<Result>;
  /** The result that says why there is none, or the error that is answered in its place. */
  failure(text: string, cause: FailureCause): Result | ProtocolError;
}

/** What a client sent is not what the entry takes. The message is for the client. */
export class InvalidInputError extends Error {
  override readonly name = 'InvalidInputError';
}
