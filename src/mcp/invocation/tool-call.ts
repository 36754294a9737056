import type { ToolContext } from '../decorators/mcp-tool.js';
import { encodeNotification } from '../protocol/json-rpc.js';
import type { LoggingLevel, ProgressToken, RequestId } from '../protocol/sdk-types.js';
import type { Principal } from '../sessions/principal.js';
import type { AbortCause, MessageOutlet, PendingCall, Session } from '../sessions/session.js';
import { CallAbortedError } from './call-aborted.error.js';

/**
 * One call in flight: the context that its tool sees, and the handle by which the call is given up. Costs
 * next to nothing until the tool asks for `signal`.
 */
export class ToolCall implements ToolContext, PendingCall {
  private controller: AbortController | undefined;
  private abortReason: CallAbortedError | undefined;
  private onAbort: ((reason: CallAbortedError) => void) | undefined;
  private ended = false;
  private lastProgress = Number.NEGATIVE_INFINITY;

  constructor(
    readonly session: Session,
    /** The caller, as the token of this very request describes it. */
    readonly user: Principal,
    readonly id: RequestId,
    /** Takes what the call sends ahead of its reply. */
    private readonly outlet: MessageOutlet,
    private readonly progressToken: ProgressToken | undefined,
  ) {}

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.abortReason !== undefined) this.controller.abort(this.abortReason);
    }
    return this.controller.signal;
  }

  /** Arrow functions, here and below: a tool may take them off its context. */
  readonly progress = (
    progress: number,
    detail: { readonly total?: number; readonly message?: string } = {},
  ): void => {
    if (this.ended || this.progressToken === undefined || !(progress > this.lastProgress)) return;
    this.lastProgress = progress;
    const params = { progressToken: this.progressToken, progress, ...detail };
    this.outlet.send(encodeNotification('notifications/progress', params));
  };

  readonly log = (level: LoggingLevel, data: unknown, logger?: string): void => {
    if (this.ended || !this.session.wantsLog(level)) return;
    const params = { level, ...(logger === undefined ? {} : { logger }), data };
    this.outlet.send(encodeNotification('notifications/message', params));
  };

  /** Gives the call up: the tool's signal fires, and `settle` rejects with {@link CallAbortedError}. Once. */
  abort(cause: AbortCause): void {
    if (this.ended || this.abortReason !== undefined) return;
    this.abortReason = new CallAbortedError(cause);
    this.controller?.abort(this.abortReason);
    this.onAbort?.(this.abortReason);
  }

  /** Throws {@link CallAbortedError} when the call was given up. */
  throwIfAborted(): void {
    if (this.abortReason !== undefined) throw this.abortReason;
  }

  /** Waits for `work`, but no longer than until the call is given up; rejects with the reason then. */
  settle<T>(work: PromiseLike<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.abortReason !== undefined) reject(this.abortReason);
      this.onAbort = reject;
      work.then(resolve, reject);
    });
  }

  /** Nothing is sent for this call any more. */
  end(): void {
    this.ended = true;
  }
}
