import { Inject, Injectable } from '@nestjs/common';
import { fromEvent, isObservable, lastValueFrom, type Observable, takeUntil } from 'rxjs';
import type { CallOutcome } from '../../audit/index.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import { ProtocolError } from '../messages/protocol.error.js';
import { ErrorCode } from '../messages/sdk-types.js';
import { ResultWriter } from './result.writer.js';
import { describeIssues, validateArguments } from '../catalog/argument-issues.js';
import type { Found } from '../catalog/primitive.js';
import type { ClientInput } from '../client-input/client.input.js';
import { MultiRoundTripInput } from '../client-input/multi-round-trip.input.js';
import { RequestStateCodec } from '../client-input/request-state.codec.js';
import { ServerRequestInput } from '../client-input/server-request.input.js';
import type { JsonRpcRequest } from '../messages/json-rpc.js';
import { SessionRelay } from '../sessions/session.relay.js';
import { Call } from './call.js';
import type { MessageContext } from './message-context.js';
import { CallAbortedError } from './call-aborted.error.js';
import { CallLog } from './call.log.js';
import type { CallKind, Operation, Result } from './operation.js';
import { ResourceNotFoundError } from '../decorators/resource-not-found.error.js';
import { describedError } from './described-error.js';

/** The result as JSON text, or the error to reply with. */
interface Answer {
  readonly outcome: CallOutcome;
  readonly reply: string | ProtocolError | CallAbortedError;
}

/** Runs a call: validate, run, map the outcome, observe. Every handler is called here. */
@Injectable()
export class Invoker {
  constructor(
    private readonly callLog: CallLog,
    private readonly writer: ResultWriter,
    private readonly codec: RequestStateCodec,
    private readonly relay: SessionRelay,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /** Chooses the form of input requests by the call's revision. */
  private readonly inputFor = (call: Call, request: JsonRpcRequest): ClientInput =>
    call.session.isModern
      ? new MultiRoundTripInput(call, request, this.codec)
      : new ServerRequestInput(call, this.options.inputTimeoutMs, () => this.relay.newRequestId());

  /**
   * Runs a call, and registers it with its peer while it runs. Resolves with the result as JSON text. Rejects with
   * {@link ProtocolError} where the reply is an error object, and with {@link CallAbortedError} when the call was
   * aborted.
   */
  async call(operation: Operation, request: JsonRpcRequest, context: MessageContext): Promise<string> {
    const { peer } = context;
    const call = new Call(context, request, this.inputFor);
    const startedAt = performance.now();
    let answer: Answer | undefined;
    peer.calls.add(request.id, call);
    try {
      this.callLog.begun(call, operation);
      answer = await this.run(operation, call, startedAt);
    } catch (error) {
      answer = this.failure(operation, error, call);
    } finally {
      try {
        const recorded = this.callLog.ended(call, operation, answer?.outcome ?? 'refused', startedAt);
        call.end();
        if (recorded !== undefined) await recorded;
      } finally {
        peer.calls.delete(request.id);
        peer.usedAt = Date.now();
      }
    }
    if (typeof answer.reply === 'string') return answer.reply;
    throw answer.reply;
  }

  /** Rejects with `answer`: the same for a primitive that does not exist and for one that the caller may not use. */
  async unknown(
    kind: CallKind,
    found: Found | undefined,
    answer: ProtocolError,
    request: JsonRpcRequest,
    context: MessageContext,
  ): Promise<never> {
    this.callLog.unknown(new Call(context, request, this.inputFor), kind, found?.target.primitive);
    context.peer.usedAt = Date.now();
    throw answer;
  }

  private async run(operation: Operation, call: Call, startedAt: number): Promise<Answer> {
    // Awaits only promises, here and below, since most calls create none.
    if (call.isRetry) await call.resume();
    let input = operation.args;
    operation.args = undefined;
    if (operation.schema !== undefined) {
      const validation = validateArguments(operation.schema, input);
      const validated = isPromiseLike(validation) ? await validation : validation;
      if (validated.issues !== undefined) {
        const text = `Invalid arguments for ${operation.primitive.key}: ${describeIssues(validated.issues)}`;
        return this.failed('invalid_arguments', operation.failure(text, 'invalid_input'), call);
      }
      input = validated.value;
    }
    if (call.isLarge) {
      this.callLog.keepArguments(call, operation);
      call.releaseArguments(input);
    }
    // The client may have cancelled the call while the input was validated.
    if (call.abortReason !== undefined) throw call.abortReason;
    const timeoutMs = operation.timeoutMs ?? this.options.callTimeoutMs;
    let value: unknown;
    try {
      const returned = operation.run(input, call);
      value = isPromiseLike(returned) ? await call.settle(returned, timeoutMs, startedAt) : returned;
      if (isObservable(value)) value = await call.settle(lastOf(value, call.signal), timeoutMs, startedAt);
    } catch (error) {
      const required = error instanceof CallAbortedError ? undefined : await this.required(call, timeoutMs);
      if (required !== undefined) return required;
      throw error;
    }
    const required = call.input?.required && (await this.required(call, timeoutMs));
    if (required !== undefined) return required;
    const mapped = operation.toResult(value, (reason) => this.callLog.dropped(call, operation, reason));
    const result = isPromiseLike(mapped) ? await mapped : mapped;
    // Throws for values that JSON cannot represent, such as a BigInt: that is a failure of the handler.
    const reply = this.writer.write(result, call.session);
    return { outcome: result['isError'] === true ? 'tool_error' : 'ok', reply };
  }

  /** The input requests of an interrupted handler are the answer, even where the handler caught the error. */
  private async required(call: Call, timeoutMs: number): Promise<Answer | undefined> {
    if (call.input?.required === undefined) return undefined;
    const result = await call.settle(call.input.required(), timeoutMs, performance.now());
    if (result === undefined) return undefined;
    call.interrupt();
    return { outcome: 'input_required', reply: this.writer.write(result, call.session) };
  }

  private failure(operation: Operation, error: unknown, call: Call): Answer {
    if (error instanceof ProtocolError) return { outcome: outcomeOf(error), reply: error };
    if (error instanceof CallAbortedError) {
      if (error.outcome !== 'timeout') return { outcome: error.outcome, reply: error };
      const text = `${operation.primitive.key}: ${error.message}`;
      return this.failed('timeout', operation.failure(text, 'timeout'), call);
    }
    if (operation.kind === 'resource' && error instanceof ResourceNotFoundError) {
      return this.failed('not_found', operation.failure('Resource not found', 'not_found'), call);
    }
    const described = describedError(error);
    if (described !== undefined) {
      return this.failed(described.outcome, operation.failure(described.text, 'handler'), call);
    }
    this.callLog.failed(call, operation, error);
    const text = `${operation.primitive.key} failed; the server's log has it as ${call.reference}`;
    return this.failed('error', operation.failure(text, 'handler'), call);
  }

  private failed(outcome: CallOutcome, result: Result | ProtocolError, { session }: Call): Answer {
    return { outcome, reply: result instanceof ProtocolError ? result : this.writer.write(result, session) };
  }
}

/** The outcome of a request that was invalid. */
function outcomeOf({ code }: ProtocolError): CallOutcome {
  switch (code) {
    case ErrorCode.InvalidParams:
      return 'invalid_arguments';
    case ErrorCode.MissingRequiredClientCapability:
      return 'missing_capability';
    default:
      return 'refused';
  }
}

/** The last value, as Nest takes it from a controller; an aborted call unsubscribes. */
function lastOf(values: Observable<unknown>, signal: AbortSignal): Promise<unknown> {
  const aborted = takeUntil<unknown>(fromEvent(signal, 'abort'));
  return lastValueFrom(values.pipe(aborted), { defaultValue: undefined });
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as { then?: unknown } | null)?.then === 'function';
}
