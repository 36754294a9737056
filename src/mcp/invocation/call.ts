import { randomUUID } from 'node:crypto';
import type { CallContext } from '../decorators/call-context.js';
import type { MessageContext } from './message-context.js';
import { encodeNotification, type JsonRpcRequest } from '../messages/json-rpc.js';
import type { RequestId } from '../messages/sdk-types.js';
import type { AbortCause, Peer, PendingCall } from '../sessions/peer.js';
import type { Principal } from '../authorization/principal.js';
import { CallAbortedError } from './call-aborted.error.js';
import type { AuditedArguments } from './audited-arguments.js';
import type { AskingCall, ClientInput } from '../client-input/client.input.js';
import { elicitation } from '../client-input/elicitation.js';
import { readRoots, readSample } from '../client-input/input-answers.js';
import { InputRequiredError } from '../client-input/input-required.error.js';
import { releaseArguments, progressTokenOf } from './request-arguments.js';
import { ToolError } from '../decorators/tool.error.js';

const MAX_KEY = 64;
/** Messages up to this many bytes keep their parameters while the call runs. */
const LARGE = 65_536;

/** One call in flight: the context of its handler, and the means to abort it. Parts are created on first use. */
export class Call implements CallContext, PendingCall, AskingCall {
  readonly session: Peer;
  /** The caller, from this request's token. */
  readonly user: Principal;
  readonly id: RequestId;
  /** Address of the client, where it has one. */
  readonly address: string | undefined;
  /** Identifies this call in the log, in audit records, and to the client where it failed. */
  readonly reference = randomUUID();
  /** The client sent the request again, with input that the handler asked for. */
  readonly isRetry: boolean;
  /** The parameters are so large that they are released while the call runs. */
  readonly isLarge: boolean;
  /** Why the call was aborted, if it was. */
  abortReason: Error | undefined = undefined;
  /** The input requests of the handler, if there were any. */
  input: ClientInput | undefined = undefined;
  private controller: AbortController | undefined = undefined;
  private onAbort: ((reason: Error) => void) | undefined = undefined;
  private timer: NodeJS.Timeout | undefined = undefined;
  /** The rest of the call's time limit at `runningSince`, in milliseconds; 0: not started. */
  private leftMs = 0;
  private runningSince = 0;
  private waiting = 0;
  private ended = false;
  private lastProgress = Number.NEGATIVE_INFINITY;
  /** The recorded part of its arguments, if these were released. */
  audited: AuditedArguments | undefined = undefined;

  constructor(
    private readonly context: MessageContext,
    /** With the parameters that the client sent, until {@link releaseArguments}. */
    readonly request: JsonRpcRequest,
    private readonly inputFor: (call: Call, request: JsonRpcRequest) => ClientInput,
  ) {
    this.session = context.peer;
    this.user = context.principal;
    this.id = request.id;
    this.address = context.address;
    this.isLarge = context.hold !== undefined && context.hold.bytes > LARGE;
    const { inputResponses, requestState } = request.params;
    this.isRetry = inputResponses !== undefined || requestState !== undefined;
  }

  /** Releases the parameters: the handler has `input`, and from now on the call counts with its size. */
  releaseArguments(input: unknown): void {
    releaseArguments(this.request, this.context.hold, this.session.isModern, input);
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.abortReason !== undefined) this.controller.abort(this.abortReason);
    }
    return this.controller.signal;
  }

  /** Bound, as the methods below: a handler may detach them from its context. */
  get progress(): CallContext['progress'] {
    return (progress, { total, ...detail } = {}) => {
      const progressToken = progressTokenOf(this.request.params['_meta']);
      if (this.ended || progressToken === undefined || !(progress > this.lastProgress)) return;
      // JSON has no Infinity, which a handler computes by dividing by 0.
      if (!Number.isFinite(progress)) return;
      this.lastProgress = progress;
      const params = { progressToken, progress, ...(Number.isFinite(total) ? { total } : {}), ...detail };
      this.context.sink.send(encodeNotification('notifications/progress', params));
    };
  }

  get log(): CallContext['log'] {
    return (level, data, logger) => {
      if (this.ended || !this.session.wantsLog(level)) return;
      const params = { level, ...(logger === undefined ? {} : { logger }), data };
      this.context.sink.send(encodeNotification('notifications/message', params));
    };
  }

  get elicit(): CallContext['elicit'] {
    return ((request: Parameters<typeof elicitation>[0]) =>
      this.inputNamed(request.key, (input) => elicitation(request, input))) as CallContext['elicit'];
  }

  get sample(): CallContext['sample'] {
    return ({ key, ...params }) =>
      this.inputNamed(key, async (input) =>
        readSample(await input.ask({ method: 'sampling/createMessage', params, key })),
      );
  }

  get listRoots(): CallContext['listRoots'] {
    return ({ key } = {}) =>
      this.inputNamed(key, async (input) =>
        readRoots(await input.ask({ method: 'roots/list', params: {}, key })),
      );
  }

  get once(): CallContext['once'] {
    return (key, step) => this.inputNamed(key, (input) => input.once(key, step));
  }

  get closeStream(): CallContext['closeStream'] {
    return () => {
      if (!this.ended) this.context.sink.closeStream?.();
    };
  }

  /** False: a message sent before the reply cannot reach the client. */
  get reachesClient(): boolean {
    return this.context.sink.reachesClient !== false;
  }

  /** Sends a message of the server to the client, on the reply's stream. */
  send(message: string): void {
    if (!this.ended) this.context.sink.send(message);
  }

  /** Reads the state of earlier rounds; rejects where it is not genuine. */
  async resume(): Promise<void> {
    await this.clientInput().resume?.();
  }

  /** The handler was interrupted for input: aborts its remaining work. */
  interrupt(): void {
    this.abortWith(new InputRequiredError());
  }

  /** Aborts the call: the handler's signal fires, and `settle` rejects with {@link CallAbortedError}. Once. */
  abort(cause: AbortCause): void {
    if (!this.ended) this.abortWith(new CallAbortedError(cause));
  }

  keepAlive(now: number): void {
    this.context.sink.keepAlive?.(now);
  }

  /**
   * Waits for `work`, but not beyond `timeoutMs` or an abort; rejects with the reason then. `startedAt`: start of the
   * time limit, of `performance.now()`.
   */
  settle<T>(work: PromiseLike<T>, timeoutMs: number, startedAt: number): Promise<T> {
    this.leftMs = timeoutMs;
    this.runningSince = startedAt;
    this.startTimer();
    return new Promise<T>((resolve, reject) => {
      if (this.abortReason !== undefined) reject(this.abortReason);
      this.onAbort = reject;
      work.then(resolve, reject);
    });
  }

  /** Stops the call's time limit while waiting for `answer` of the client. */
  async pausing<T>(answer: Promise<T>): Promise<T> {
    if (this.waiting === 0) this.stopTimer();
    this.waiting += 1;
    try {
      return await answer;
    } finally {
      this.waiting -= 1;
      this.runningSince = performance.now();
      this.startTimer();
    }
  }

  /** From now on nothing is sent for this call. */
  end(): void {
    this.input?.cancel?.(new ToolError('The call has ended'));
    this.ended = true;
    clearTimeout(this.timer);
  }

  private abortWith(reason: Error): void {
    if (this.abortReason !== undefined) return;
    this.abortReason = reason;
    this.controller?.abort(reason);
    this.input?.cancel?.(reason);
    this.onAbort?.(reason);
  }

  private clientInput(): ClientInput {
    this.input ??= this.inputFor(this, this.request);
    return this.input;
  }

  private inputNamed<T>(key: string | undefined, use: (input: ClientInput) => Promise<T>): Promise<T> {
    const answer = this.useInput(key, use);
    // The handler may not await it when it is interrupted: avoids an unhandled rejection.
    answer.catch(() => undefined);
    return answer;
  }

  private async useInput<T>(key: string | undefined, use: (input: ClientInput) => Promise<T>): Promise<T> {
    if (this.abortReason !== undefined) throw this.abortReason;
    if (this.ended) throw new ToolError('The call has ended');
    if (key !== undefined && (key === '' || key.length > MAX_KEY)) {
      throw new RangeError(`The key of a question or a step has 1 to ${MAX_KEY} characters`);
    }
    return use(this.clientInput());
  }

  private startTimer(): void {
    clearTimeout(this.timer);
    if (this.ended || this.waiting > 0 || this.leftMs === 0) return;
    this.timer = setTimeout(() => this.abort('timeout'), this.leftMs);
  }

  private stopTimer(): void {
    clearTimeout(this.timer);
    if (this.leftMs > 0) this.leftMs = Math.max(1, this.leftMs - (performance.now() - this.runningSince));
  }
}
