import { randomUUID } from 'node:crypto';
import type { CallContext } from '../decorators/call-context.js';
import type { MessageContext } from './message-context.js';
import { encodeNotification, type JsonRpcRequest, type Params } from '../messages/json-rpc.js';
import type { RequestId } from '../messages/sdk-types.js';
import type { AbortCause, Peer, PendingCall } from '../sessions/peer.js';
import type { Principal } from '../authorization/principal.js';
import { CallAbortedError } from './call-aborted.error.js';
import type { AuditedArguments } from './audited-arguments.js';
import type { AskingCall, ClientInput } from '../client-input/client.input.js';
import { elicitation } from '../client-input/elicitation.js';
import { readRoots, readSample } from '../client-input/input-answers.js';
import { InputRequiredError } from '../client-input/input-required.error.js';
import { isLarge, releaseArguments, progressTokenOf } from './let-go.js';
import { ToolError } from '../decorators/tool.error.js';

const MAX_KEY = 64;

/**
 * One call in flight: the context that its handler sees, and the handle by which the call is given up. Costs
 * next to nothing until the handler asks for something.
 */
export class Call implements CallContext, PendingCall, AskingCall {
  readonly session: Peer;
  /** The caller, as the token of this very request describes it. */
  readonly user: Principal;
  readonly id: RequestId;
  /** Of the client, where it has one. */
  readonly address: string | undefined;
  /** Names this call in the log and among the audit records, and to the client where it failed. */
  readonly reference = randomUUID();
  private controller: AbortController | undefined;
  private abortReason: Error | undefined;
  private onAbort: ((reason: Error) => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** What is left of the call's time, from `runningSince` on; 0: it does not run yet. */
  private leftMs = 0;
  private runningSince = 0;
  private waiting = 0;
  private ended = false;
  private lastProgress = Number.NEGATIVE_INFINITY;
  private asked: ClientInput | undefined;
  /** What is recorded of its arguments, where they have been let go of. */
  audited: AuditedArguments | undefined;

  constructor(
    private readonly context: MessageContext,
    private readonly request: JsonRpcRequest,
    private readonly inputFor: (call: Call, request: JsonRpcRequest) => ClientInput,
  ) {
    this.session = context.peer;
    this.user = context.principal;
    this.id = request.id;
    this.address = context.address;
  }

  /** What the client sent, until it is {@link releaseArguments}. */
  get params(): Params {
    return this.request.params;
  }

  /** Whether what the client sent is so large that it is let go of while the call runs. */
  get isLarge(): boolean {
    return isLarge(this.context.hold);
  }

  /** Lets go of the parameters: the handler has `input`, and the call is counted with that from here on. */
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

  /** What the handler has asked its client for, if it has. */
  get input(): ClientInput | undefined {
    return this.asked;
  }

  /** Bound where it is asked for, as the ones below are: a handler may take them off its context. */
  get progress(): CallContext['progress'] {
    return (progress, { total, ...detail } = {}) => {
      const progressToken = progressTokenOf(this.request.params['_meta']);
      if (this.ended || progressToken === undefined || !(progress > this.lastProgress)) return;
      // JSON has no infinity, which is what a part of nothing comes to.
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

  /** False: a message that is sent ahead of the reply cannot reach the client. */
  get reachesClient(): boolean {
    return this.context.sink.reachesClient !== false;
  }

  /** Sends a message of the server's own to the client, on the way that the reply will take. */
  send(message: string): void {
    if (!this.ended) this.context.sink.send(message);
  }

  /** Takes in what the client brings of earlier rounds, if there were any; rejects where that is not genuine. */
  resume(): Promise<void> | undefined {
    const { inputResponses, requestState } = this.request.params;
    const isRetry = inputResponses !== undefined || requestState !== undefined;
    return isRetry ? this.clientInput().resume?.() : undefined;
  }

  /** The handler was left for its client's answer: what it started, and what still runs, is to stop. */
  leave(): void {
    this.giveUp(new InputRequiredError());
  }

  /** Gives the call up: the handler's signal fires, and `settle` rejects with {@link CallAbortedError}. Once. */
  abort(cause: AbortCause): void {
    if (!this.ended) this.giveUp(new CallAbortedError(cause));
  }

  keepAlive(now: number): void {
    this.context.sink.keepAlive?.(now);
  }

  /** Throws why, when the call was given up. */
  throwIfAborted(): void {
    if (this.abortReason !== undefined) throw this.abortReason;
  }

  /**
   * Waits for `work`, but no longer than `timeoutMs` or until the call is given up; rejects with the reason then.
   * `startedAt`, as `performance.now()` has it: since when its time runs.
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

  /** The call's time does not run while `answer` is waited for: that is the client's time. */
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

  /** Nothing is sent for this call any more. */
  end(): void {
    this.asked?.drop?.(new ToolError('The call has ended'));
    this.ended = true;
    clearTimeout(this.timer);
  }

  private giveUp(reason: Error): void {
    if (this.abortReason !== undefined) return;
    this.abortReason = reason;
    this.controller?.abort(reason);
    this.asked?.drop?.(reason);
    this.onAbort?.(reason);
  }

  private clientInput(): ClientInput {
    this.asked ??= this.inputFor(this, this.request);
    return this.asked;
  }

  private inputNamed<T>(key: string | undefined, use: (input: ClientInput) => Promise<T>): Promise<T> {
    const answer = this.useInput(key, use);
    // A handler may be busy with something else when it is left; nobody hears of it then, and nobody need.
    answer.catch(() => undefined);
    return answer;
  }

  private async useInput<T>(key: string | undefined, use: (input: ClientInput) => Promise<T>): Promise<T> {
    this.throwIfAborted();
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
