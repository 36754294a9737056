import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { RegisteredTool } from '../catalog/registered-tool.js';
import { ToolRegistry } from '../catalog/tool.registry.js';
import { MCP_OPTIONS, type McpModuleOptions } from '../mcp.options.js';
import { ProtocolError } from '../protocol/protocol.error.js';
import { type CallToolResult, ErrorCode } from '../protocol/sdk-types.js';
import { describeIssues } from './argument-issues.js';
import { CallAbortedError } from './call-aborted.error.js';
import { type CallOutcome, CallLog } from './call.log.js';
import type { ToolCall } from './tool-call.js';
import { ToolError } from './tool.error.js';
import { errorResult, toResult } from './tool-result.js';

interface Answer {
  readonly outcome: CallOutcome;
  /** JSON text. */
  readonly result: string;
}

/** Takes a call through its steps: authorise, validate, run, map the outcome, observe. */
@Injectable()
export class ToolInvoker {
  constructor(
    private readonly registry: ToolRegistry,
    private readonly callLog: CallLog,
    @Inject(MCP_OPTIONS) private readonly options: McpModuleOptions,
  ) {}

  /**
   * Resolves with the result as JSON text, with `isError` where the model can act on it. Rejects with
   * {@link ProtocolError} for a tool that does not exist, or not for this caller, and with
   * {@link CallAbortedError} when the call was given up.
   */
  async invoke(name: string, args: unknown, call: ToolCall): Promise<string> {
    const startedAt = performance.now();
    const tool = this.registry.find(name, call.user.scopes);
    if (tool === undefined) {
      this.callLog.ended(call, undefined, 'unknown_tool', startedAt);
      throw new ProtocolError(
        ErrorCode.InvalidParams,
        'Unknown tool: tools/list names those that you may call',
      );
    }
    this.callLog.begun(call, tool.name);
    try {
      const { outcome, result } = await this.answer(tool, args, call);
      this.callLog.ended(call, tool.name, outcome, startedAt);
      return result;
    } catch (reason) {
      this.callLog.ended(call, tool.name, (reason as CallAbortedError).outcome, startedAt);
      throw reason;
    } finally {
      call.end();
    }
  }

  /** Rejects with {@link CallAbortedError} only. */
  private async answer(tool: RegisteredTool, args: unknown, call: ToolCall): Promise<Answer> {
    try {
      const validation = await tool.input?.['~standard'].validate(args);
      if (validation?.issues !== undefined) {
        const text = `Invalid arguments for ${tool.name}: ${describeIssues(validation.issues)}`;
        return answerOf('invalid_arguments', errorResult(text));
      }
      // Where the arguments took time to check, the client may have thought better of it.
      call.throwIfAborted();
      const result = await this.run(tool, validation?.value ?? {}, call);
      return answerOf(result.isError === true ? 'tool_error' : 'ok', result);
    } catch (error) {
      return this.failure(tool, error);
    }
  }

  private async run(tool: RegisteredTool, input: unknown, call: ToolCall): Promise<CallToolResult> {
    const returned = tool.instance.execute(input, call);
    if (!isPromiseLike(returned)) return toResult(tool, returned);
    const timer = setTimeout(() => call.abort('timeout'), tool.timeoutMs ?? this.options.callTimeoutMs);
    try {
      return await toResult(tool, await call.settle(returned));
    } finally {
      clearTimeout(timer);
    }
  }

  private failure(tool: RegisteredTool, error: unknown): Answer {
    if (error instanceof CallAbortedError) {
      if (error.outcome !== 'timeout') throw error;
      return answerOf('timeout', errorResult(`${tool.name}: ${error.message}`));
    }
    if (error instanceof ToolError) return answerOf('tool_error', errorResult(error.message));
    const reference = randomUUID();
    this.callLog.failed(tool.name, reference, error);
    const text = `${tool.name} failed; the server's log has it as ${reference}`;
    return answerOf('error', errorResult(text));
  }
}

/** Throws for what JSON cannot say, such as a BigInt: that too is a failure of the tool. */
function answerOf(outcome: CallOutcome, result: CallToolResult): Answer {
  return { outcome, result: JSON.stringify(result) };
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as { then?: unknown } | null)?.then === 'function';
}
