import { Inject, Injectable } from '@nestjs/common';
import { fromEvent, isObservable, lastValueFrom, type Observable, takeUntil } from 'rxjs';
import type { CallOutcome } from '../../audit/index.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import { ProtocolError } from '../messages/protocol.error.js';
import { ErrorCode } from '../messages/sdk-types.js';
import { ResultWriter } from './result.writer.js';
import type { Found, Target } from '../catalog/primitive.js';
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
import { type CallType, InvalidInputError, type Operation, type Result } from './operation.js';
import { ResourceNotFoundError } from '../decorators/resource-not-found.error.js';
import { describedError } from './described-error.js';

interface Answer {
  readonly outcome: CallOutcome;
  readonly result: Result | ProtocolError;
}

/** A serialized answer. */
interface Written {
  readonly outcome: CallOutcome;
  readonly reply: string | ProtocolError;
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
   * Creates a call from a request, and registers it with its peer while it runs. The answer is the same for a missing
   * target and for one that the caller may not use. Resolves and rejects as {@link invoke} does.
   */
  async call<T extends Target>(
    type: CallType<T>,
    request: JsonRpcRequest,
    context: MessageContext,
    found: Found<T> | undefined,
  ): Promise<string> {
    const { peer } = context;
    const call = new Call(context, request, this.inputFor);
    peer.calls.set(request.id, call);
    try {
      if (found?.verdict === 'allowed') {
        return await this.invoke(type.operation(found.target, request.params, peer), call);
      }
      this.callLog.unknown(call, type.kind, found?.target.primitive);
      throw type.unknown(request.params, peer);
    } finally {
      peer.calls.delete(request.id);
      peer.touch();
    }
  }

  /**
   * Runs a call. Resolves with the result as JSON text. Rejects with {@link ProtocolError} where the reply is an error
   * object, and with {@link CallAbortedError} when the call was aborted.
   */
  async invoke(operation: Operation, call: Call): Promise<string> {
    const startedAt = performance.now();
    this.callLog.begun(call, operation);
    let outcome: CallOutcome = 'refused';
    try {
      const answer = await this.answer(operation, call, startedAt);
      outcome = answer.outcome;
      if (answer.reply instanceof ProtocolError) throw answer.reply;
      return answer.reply;
    } catch (error) {
      if (error instanceof CallAbortedError) outcome = error.outcome;
      else if (error instanceof ProtocolError && outcome === 'refused') outcome = outcomeOf(error);
      throw error;
    } finally {
      this.callLog.ended(call, operation, outcome, startedAt);
      call.end();
      const settled = this.callLog.settled();
      if (settled !== undefined) await settled;
    }
  }

  /** Rejects with {@link CallAbortedError} and {@link ProtocolError} only. */
  private async answer(operation: Operation, call: Call, startedAt: number): Promise<Written> {
    try {
      return this.written(await this.run(operation, call, startedAt), call);
    } catch (error) {
      return this.written(this.failure(operation, error, call), call);
    }
  }

  private async run(operation: Operation, call: Call, startedAt: number): Promise<Answer> {
    // Awaits only promises, here and below, since most calls create none.
    const resumed = call.resume();
    if (resumed !== undefined) await resumed;
    const prepared = operation.prepare();
    const input = isPromiseLike(prepared) ? await prepared : prepared;
    if (call.isLarge) {
      this.callLog.keepArguments(call, operation);
      call.releaseArguments(input);
    }
    // The client may have cancelled the call while the input was validated.
    call.throwIfAborted();
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
    return { outcome: result['isError'] === true ? 'tool_error' : 'ok', result };
  }

  /** The input requests of an interrupted handler are the answer, even where the handler caught the error. */
  private async required(call: Call, timeoutMs: number): Promise<Answer | undefined> {
    if (call.input?.required === undefined) return undefined;
    const result = await call.settle(call.input.required(), timeoutMs, performance.now());
    if (result === undefined) return undefined;
    call.interrupt();
    return { outcome: 'input_required', result };
  }

  private failure(operation: Operation, error: unknown, call: Call): Answer {
    if (error instanceof ProtocolError) throw error;
    if (error instanceof CallAbortedError) {
      if (error.outcome !== 'timeout') throw error;
      const text = `${operation.primitive.key}: ${error.message}`;
      return { outcome: 'timeout', result: operation.failure(text, 'timeout') };
    }
    if (operation.kind === 'resource' && error instanceof ResourceNotFoundError) {
      return { outcome: 'not_found', result: operation.failure('Resource not found', 'not_found') };
    }
    if (error instanceof InvalidInputError) {
      return { outcome: 'invalid_arguments', result: operation.failure(error.message, 'invalid_input') };
    }
    const described = describedError(error);
    if (described !== undefined) {
      return { outcome: described.outcome, result: operation.failure(described.text, 'handler') };
    }
    this.callLog.failed(call, operation, error);
    const text = `${operation.primitive.key} failed; the server's log has it as ${call.reference}`;
    return { outcome: 'error', result: operation.failure(text, 'handler') };
  }

  /** Throws for values that JSON cannot represent, such as a BigInt: that is a failure of the handler. */
  private written({ outcome, result }: Answer, call: Call): Written {
    const reply = result instanceof ProtocolError ? result : this.writer.write(result, call.session);
    return { outcome, reply };
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
