import type { Primitive } from '../catalog/primitive.js';
import type { CallContext } from '../decorators/call-context.js';
import type { Schema } from '../decorators/schema.js';
import type { ProtocolError } from '../messages/protocol.error.js';

/** The `result` of a reply. */
export type Result = Readonly<Record<string, unknown>>;

/** The kind of target; also the field of a log line that names it. */
export type CallKind = 'tool' | 'resource' | 'prompt' | 'completion';

/** Why there is no result. */
export type FailureCause = 'invalid_input' | 'not_found' | 'handler' | 'timeout';

/** The work of a call: one primitive, with the parameters of the request. */
export interface Operation {
  readonly kind: CallKind;
  /**
   * Its key names the call in log lines and messages; for a resource family the template, since the client chose the
   * URI.
   */
  readonly primitive: Pick<Primitive, 'audit' | 'key'>;
  readonly timeoutMs: number | undefined;
  /** Validates the arguments; undefined: they are the handler's input as they are. */
  readonly schema?: Schema | undefined;
  /** Released once they are validated, since the call may run for long. */
  args: unknown;
  run(input: unknown, context: CallContext): unknown;
  /** Throws if the handler returned an invalid value. `onDropped` receives the reason if a part is removed. */
  toResult(returned: unknown, onDropped: (reason: unknown) => void): Result | Promise<Result>;
  /** The result that reports the failure, or the error to answer with. */
  failure(text: string, cause: FailureCause): Result | ProtocolError;
}
