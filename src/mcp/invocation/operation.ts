import type { Primitive, Target } from '../catalog/primitive.js';
import type { CallContext } from '../decorators/call-context.js';
import type { Params } from '../messages/json-rpc.js';
import type { ProtocolError } from '../messages/protocol.error.js';
import type { Peer } from '../sessions/peer.js';

/** What a client gets for a call: the `result` of its reply. */
export type Result = Readonly<Record<string, unknown>>;

/** What kind of thing is called; also the field of a log line that names it. */
export type CallKind = 'tool' | 'resource' | 'prompt' | 'completion';

/** Whose fault it is that there is no result. */
export type FailureCause = 'invalid_input' | 'not_found' | 'handler' | 'timeout';

/** What a call does: one primitive of the catalogue, and what is asked of it. */
export interface Operation {
  readonly kind: CallKind;
  /** Its key names the call in log lines and messages: of a resource family its template, since the URI is the client's own text. */
  readonly primitive: Pick<Primitive, 'audit' | 'key'>;
  readonly timeoutMs: number | undefined;
  /** The input of the handler; throws {@link InvalidInputError}. */
  prepare(): unknown;
  run(input: unknown, context: CallContext): unknown;
  /** Throws where the handler returned something that is no answer. `onDropped` hears what it leaves out, and why. */
  toResult(returned: unknown, onDropped: (reason: unknown) => void): Result | Promise<Result>;
  /** The result that says why there is none, or the error that is answered in its place. */
  failure(text: string, cause: FailureCause): Result | ProtocolError;
}

/** What a client sent is not what the primitive takes. The message is for the client. */
export class InvalidInputError extends Error {
  override readonly name = 'InvalidInputError';
}

/** What is done with the calls of one kind. */
export interface CallType<T extends Target> {
  readonly kind: CallKind;
  /** The one answer where nothing is there, or nothing that this caller may know of. */
  unknown(params: Params, peer: Peer): ProtocolError;
  operation(target: T, params: Params, peer: Peer): Operation;
}
