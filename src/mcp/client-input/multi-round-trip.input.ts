import { setImmediate as nextTurn } from 'node:timers/promises';
import { isObject, type JsonRpcRequest } from '../messages/json-rpc.js';
import { invalidParams, ProtocolError } from '../messages/protocol.error.js';
import { ErrorCode } from '../messages/sdk-types.js';
import { missingCapability, nameOfCapability } from './client-capability.js';
import type { AskingCall, ClientInput, InputRequest } from './client.input.js';
import { isAnswer } from './input-answers.js';
import { InputRequiredError } from './input-required.error.js';
import { OnceSteps } from './once.steps.js';
import { digestOfQuestion, digestOfRequest } from './request-digest.js';
import type { OpenedState, RequestState, StateBinding, RequestStateCodec } from './request-state.codec.js';
import { ToolError } from '../decorators/tool.error.js';

/**
 * The requests that may be answered with input requests. MCP 2026-07-28, Multi Round-Trip Requests, "Supported
 * Requests".
 */
const MULTI_ROUND_TRIP_METHODS: ReadonlySet<string> = new Set([
  'tools/call',
  'prompts/get',
  'resources/read',
]);

const KINDS = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
} as const;

interface Asked {
  readonly digest: string;
  readonly question: InputRequest;
}

/**
 * Requests input instead of returning a result: the handler is interrupted, and runs again with the answers when the
 * client sends the request again. Used since 2026-07-28.
 */
export class MultiRoundTripInput implements ClientInput {
  private readonly steps = new OnceSteps();
  /** By the request's digest: the answers of earlier rounds, and the matching ones of this round. */
  private readonly answers = new Map<string, unknown>();
  /** Answers of the client to requests that this server has no record of. */
  private readonly offered = new Map<string, unknown>();
  /** Requests without an answer yet, by key. */
  private readonly open = new Map<string, Asked>();
  private readonly counts = new Map<string, number>();
  private earlier: OpenedState | undefined;
  private isInterrupted = false;

  constructor(
    private readonly call: AskingCall,
    private readonly request: JsonRpcRequest,
    private readonly codec: RequestStateCodec,
  ) {}

  async resume(): Promise<void> {
    const { inputResponses = {}, requestState } = this.request.params;
    if (!isObject(inputResponses)) throw invalidParams('"inputResponses" must be an object');
    if (requestState !== undefined) this.restore(await this.codec.decode(requestState, this.binding));
    for (const [key, response] of Object.entries(inputResponses)) this.take(key, response);
  }

  async ask(question: InputRequest): Promise<unknown> {
    if (this.isInterrupted) throw new InputRequiredError();
    this.assertPossible(question);
    const key = question.key ?? this.numberOf(question);
    const digest = digestOfQuestion(key, question);
    if (!this.answers.has(digest)) this.accept(key, digest, question);
    if (this.answers.has(digest)) return this.answers.get(digest);
    // One request per key and round.
    if (!this.open.has(key)) this.open.set(key, { digest, question });
    // Further requests of the same turn are sent together with this one.
    await nextTurn();
    this.isInterrupted = true;
    throw new InputRequiredError();
  }

  async once<T>(key: string, step: () => T | Promise<T>): Promise<T> {
    // The handler has caught the error and continues as if the user had declined.
    if (this.isInterrupted && !this.steps.has(key)) throw new InputRequiredError();
    return this.steps.run(key, step);
  }

  /** Waits for steps in progress, which would run again otherwise. */
  async required(): Promise<Readonly<Record<string, unknown>> | undefined> {
    if (!this.isInterrupted) return undefined;
    const open = [...this.open];
    const state: RequestState = {
      answers: Object.fromEntries(this.answers),
      asked: Object.fromEntries(
        open.map(([key, { digest, question }]) => [key, [digest, question.method] as const]),
      ),
      steps: Object.fromEntries(await this.steps.settled()),
    };
    return {
      resultType: 'input_required',
      inputRequests: Object.fromEntries(
        open.map(([key, { question }]) => [key, { method: question.method, params: question.params }]),
      ),
      requestState: await this.codec.encode(state, this.binding, this.expiryOf(state)),
    };
  }

  private get binding(): StateBinding {
    const { call, request } = this;
    return {
      principal: call.user.key,
      get request() {
        return digestOfRequest(request);
      },
    };
  }

  private restore(state: OpenedState): void {
    this.earlier = state;
    for (const [digest, answer] of Object.entries(state.answers)) this.answers.set(digest, answer);
    for (const [key, result] of Object.entries(state.steps)) this.steps.keep(key, result);
  }

  /**
   * An answer to a request of the last round is matched with that request; any other is kept for a later request with
   * its key.
   */
  private take(key: string, response: unknown): void {
    const asked = this.earlier?.asked;
    if (asked === undefined || !Object.hasOwn(asked, key)) return void this.offered.set(key, response);
    const [digest, method] = asked[key]!;
    if (isAnswer(method, response)) this.answers.set(digest, response);
  }

  private accept(key: string, digest: string, { method }: InputRequest): void {
    const response = this.offered.get(key);
    if (!this.offered.delete(key) || !isAnswer(method, response)) return;
    this.answers.set(digest, response);
  }

  /** Repeating the request without a new answer does not extend the state's lifetime. */
  private expiryOf(state: RequestState): number | undefined {
    const { earlier } = this;
    return earlier !== undefined && sizeOf(state) === sizeOf(earlier) ? earlier.expiresAt : undefined;
  }

  private assertPossible(question: InputRequest): void {
    if (!MULTI_ROUND_TRIP_METHODS.has(this.request.method)) {
      throw new ToolError(`The server cannot ask its client for input during ${this.request.method}`);
    }
    const missing = missingCapability(question, this.call.session.clientCapabilities);
    if (missing === undefined) return;
    const message = `This client cannot be asked: it does not declare ${nameOfCapability(missing)}`;
    throw new ProtocolError(ErrorCode.MissingRequiredClientCapability, message, {
      requiredCapabilities: missing,
    });
  }

  private numberOf({ method }: InputRequest): string {
    const kind = KINDS[method];
    const count = (this.counts.get(kind) ?? 0) + 1;
    this.counts.set(kind, count);
    return `${kind}-${count}`;
  }
}

function sizeOf({ answers, steps }: RequestState): number {
  return Object.keys(answers).length + Object.keys(steps).length;
}
