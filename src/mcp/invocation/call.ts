import type { CallContext } from '../decorators/call-context.js';
import type { Exchange } from '../protocol/exchange.js';
import {
  encodeNotification,
  isObject,
  isRequestId,
  type JsonRpcRequest,
  type Params,
} from '../protocol/json-rpc.js';
import type { LoggingLevel, ProgressToken, RequestId } from '../protocol/sdk-types.js';
import type { AbortCause, Peer, PendingCall } from '../sessions/peer.js';
import type { Principal } from '../sessions/principal.js';
import { CallAbortedError } from './call-aborted.error.js';
import type { ClientInput } from './client.input.js';
import { elicitation } from './elicitation.js';
import { readRoots, readSample } from './input-answers.js';

/**
 * One call in flight: the context that its handler sees, and the handle by which the call is given up. Costs
 * next to nothing until the handler asks for something.
 */
export class Call implements CallContext, PendingCall {
  readonly session: Peer;
  /** The caller, as the token of this very request describes it. */
  readonly user: Principal;
  readonly id: RequestId;
  private controller: AbortController | undefined;
  private abortReason: CallAbortedError | undefined;
  private onAbort: ((reason: CallAbortedError) => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private timeoutMs = 0;
  private waiting = 0;
  private ended = false;
  private lastProgress = Number.NEGATIVE_INFINITY;
  private asked: ClientInput | undefined;

  constructor(
    private readonly exchange: Exchange,
    private readonly request: JsonRpcRequest,
    private readonly inputFor: (call: Call, request: JsonRpcRequest, exchange: Exchange) => ClientInput,
  ) {
    this.session = exchange.peer;
    this.user = exchange.principal;
    this.id = request.id;
  }

  /** What the client sent. */
  get params(): Params {
    return this.request.params;
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.abortReason !== undefined) this.controller.abort(this.abortReason);
    }
    return this.controller.signal;
  }

  /** What the handler has asked its client for, if it has. */
  get input(): ClientInput | undefined {
    return this.asked;
  }

  /** Arrow functions, here and below: a handler may take them off its context. */
  readonly progress = (
    progress: number,
    detail: { readonly total?: number; readonly message?: string } = {},
  ): void => {
    const progressToken = progressTokenOf(this.request.params['_meta']);
    if (this.ended || progressToken === undefined || !(progress > this.lastProgress)) return;
    this.lastProgress = progress;
    const params = { progressToken, progress, ...detail };
    this.exchange.outlet.send(encodeNotification('notifications/progress', params));
  };

  readonly log = (level: LoggingLevel, data: unknown, logger?: string): void => {
    if (this.ended || !this.session.wantsLog(level)) return;
    const params = { level, ...(logger === undefined ? {} : { logger }), data };
    this.exchange.outlet.send(encodeNotification('notifications/message', params));
  };

  readonly elicit = ((request: Parameters<typeof elicitation>[0]) =>
    elicitation(request, this.clientInput())) as CallContext['elicit'];

  readonly sample: CallContext['sample'] = async ({ key, ...params }) =>
    readSample(await this.clientInput().ask({ method: 'sampling/createMessage', params, key }));

  readonly listRoots: CallContext['listRoots'] = async ({ key } = {}) =>
    readRoots(await this.clientInput().ask({ method: 'roots/list', params: {}, key }));

  readonly once: CallContext['once'] = (key, step) => this.clientInput().once(key, step);

  readonly closeStream = (): void => {
    if (!this.ended) this.exchange.outlet.interrupt?.();
  };

  /** Sends a message of the server's own to the client, on the way that the reply will take. */
  send(message: string): void {
    if (!this.ended) this.exchange.outlet.send(message);
  }

  /** What the handler needs of its client: made when it is first asked for. */
  clientInput(): ClientInput {
    this.asked ??= this.inputFor(this, this.request, this.exchange);
    return this.asked;
  }

  /** Gives the call up: the handler's signal fires, and `settle` rejects with {@link CallAbortedError}. Once. */
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

  /** Waits for `work`, but no longer than `timeoutMs` or until the call is given up; rejects with the reason then. */
  settle<T>(work: PromiseLike<T>, timeoutMs: number): Promise<T> {
    this.timeoutMs = timeoutMs;
    this.startTimer();
    return new Promise<T>((resolve, reject) => {
      if (this.abortReason !== undefined) reject(this.abortReason);
      this.onAbort = reject;
      work.then(resolve, reject);
    });
  }

  /** The call's time does not run while `answer` is waited for: that is the client's time. */
  async pausing<T>(answer: Promise<T>): Promise<T> {
    this.waiting += 1;
    clearTimeout(this.timer);
    try {
      return await answer;
    } finally {
      this.waiting -= 1;
      this.startTimer();
    }
  }

  /** Nothing is sent for this call any more. */
  end(): void {
    this.ended = true;
    clearTimeout(this.timer);
  }

  private startTimer(): void {
    if (this.ended || this.waiting > 0 || this.timeoutMs === 0) return;
    this.timer = setTimeout(() => this.abort('timeout'), this.timeoutMs);
  }
}

function progressTokenOf(meta: unknown): ProgressToken | undefined {
  const token = isObject(meta) ? meta['progressToken'] : undefined;
  return isRequestId(token) ? token : undefined;
}
