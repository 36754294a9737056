import type { RegisteredTool } from '../catalog/registered-tool.js';
import type { Schema } from '../decorators/schema.js';
import type { CallContext } from '../decorators/call-context.js';
import { describeIssues } from '../catalog/argument-issues.js';
import { InvalidInputError, type Operation, type Result } from './operation.js';
import type { ResultCheck } from './result.check.js';
import { errorResult, toResult } from './tool-result.js';

/** `tools/call`: what goes wrong is for the model to read. MCP 2025-11-25, Tools, "Error Handling". */
export class ToolOperation implements Operation {
  readonly kind = 'tool';

  constructor(
    private readonly tool: RegisteredTool,
    /** Until they are validated: the call may run for long. */
    private args: unknown,
    /** The revision has structured content of any type, not of objects only. */
    private readonly modern: boolean,
    private readonly check?: ResultCheck,
  ) {}

  get primitive(): RegisteredTool {
    return this.tool;
  }

  get timeoutMs(): number | undefined {
    return this.tool.timeoutMs;
  }

  prepare(): unknown {
    const { args } = this;
    this.args = undefined;
    if (this.tool.input === undefined) return {};
    const validation = this.tool.input['~standard'].validate(args);
    return validation instanceof Promise
      ? validation.then((settled) => this.inputOf(settled))
      : this.inputOf(validation);
  }

  run(input: unknown, context: CallContext): unknown {
    return this.tool.execute(input, context);
  }

  toResult(returned: unknown, onDropped: (reason: unknown) => void): Result | Promise<Result> {
    const result = toResult(this.tool, returned, this.modern, onDropped);
    return result instanceof Promise ? result.then((settled) => this.checked(settled)) : this.checked(result);
  }

  private checked(result: Result): Result {
    this.check?.assertListed(this.tool, result, this.modern);
    return result;
  }

  failure(text: string): Result {
    return errorResult(text);
  }

  private inputOf(validation: Awaited<ReturnType<Schema['~standard']['validate']>>): unknown {
    if (validation.issues === undefined) return validation.value;
    throw new InvalidInputError(
      `Invalid arguments for ${this.tool.key}: ${describeIssues(validation.issues)}`,
    );
  }
}
