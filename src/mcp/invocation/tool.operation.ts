import { describeIssues, validateArguments } from '../catalog/argument-issues.js';
import type { RegisteredTool } from '../catalog/registered-tool.js';
import type { CallContext } from '../decorators/call-context.js';
import type { Schema } from '../decorators/schema.js';
import { isObject, wellFormedJson } from '../messages/json-rpc.js';
import type { CallToolResult } from '../messages/sdk-types.js';
import { assertBlocks, describeValue } from './content-blocks.js';
import { InvalidInputError, type Operation, type Result } from './operation.js';
import type { ResultCheck } from './result.check.js';

/** `tools/call`: errors are results for the model. MCP 2025-11-25, Tools, "Error Handling". */
export class ToolOperation implements Operation {
  readonly kind = 'tool';

  constructor(
    private readonly tool: RegisteredTool,
    /** Released after validation, since the call may run for long. */
    private args: unknown,
    /** The revision allows structured content of any type. */
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
    const validation = validateArguments(this.tool.input, args);
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

/** A result with one text block. */
function textResult(text: string): CallToolResult {
  return { content: [{ type: 'text', text }] };
}

/** A result that reports an error to the model. MCP 2025-11-25, Tools, "Error Handling". */
function errorResult(text: string): CallToolResult {
  return { content: [{ type: 'text', text }], isError: true };
}

/** Receives the reason where the structured content was dropped: the client would refuse the whole result otherwise. */
type OnDropped = (reason: unknown) => void;

/**
 * Maps the return value of `execute` to the result. Throws when it is none of the forms of {@link ToolReturn}, or does
 * not fit the tool's output schema.
 */
export function toResult(
  tool: RegisteredTool,
  returned: unknown,
  modern: boolean,
  onDropped: OnDropped,
): CallToolResult | Promise<CallToolResult> {
  if (tool.output !== undefined) {
    return structuredResult(tool.output, returned, tool.wrapsOutput && !modern, onDropped);
  }
  if (typeof returned === 'string') return textResult(returned);
  if (isResult(returned)) {
    assertBlocks(returned.content);
    return handBuiltResult(returned, modern, onDropped);
  }
  if (Array.isArray(returned) && returned.every(isObject)) {
    assertBlocks(returned);
    return { content: returned };
  }
  throw new TypeError(
    `the tool returned ${describeValue(returned)}; return a string, content blocks or a result with "content", ` +
      'or declare "output" with a schema of what it returns',
  );
}

/** Validates `structuredContent` of a whole result; an error result need not have any. */
async function structuredResult(
  schema: Schema,
  returned: unknown,
  wraps: boolean,
  onDropped: OnDropped,
): Promise<CallToolResult> {
  // A plain value may itself have a `content`.
  const isWhole =
    isResult(returned) && (returned.isError === true || returned.structuredContent !== undefined);
  if (!isWhole) return checkedResult(schema, returned, undefined, wraps);
  assertBlocks(returned.content);
  const { structuredContent, ...rest } = returned;
  if (structuredContent === undefined) return rest;
  try {
    return await checkedResult(schema, structuredContent, rest, wraps);
  } catch (error) {
    if (returned.isError !== true) throw error;
    onDropped(error);
    return rest;
  }
}

/** A result of a tool that declares no output, whose structured content has no schema. */
function handBuiltResult(returned: CallToolResult, modern: boolean, onDropped: OnDropped): CallToolResult {
  const { structuredContent, ...rest } = returned;
  if (structuredContent === undefined) return rest;
  try {
    if (!modern && !isObject(structuredContent)) {
      throw new TypeError('structuredContent must be an object before 2026-07-28');
    }
    if (returned.isError === true) jsonOf(structuredContent);
    return returned;
  } catch (error) {
    onDropped(error);
    return rest;
  }
}

/** The validated value, with the rest of the result or as text. Throws `TypeError` where it does not fit. */
async function checkedResult(
  schema: Schema,
  unchecked: unknown,
  rest: CallToolResult | undefined,
  wraps: boolean,
): Promise<CallToolResult> {
  const validation = await schema['~standard'].validate(unchecked);
  if (validation.issues !== undefined) {
    throw new TypeError(
      `the tool returned what its output schema does not describe: ${describeIssues(validation.issues)}`,
    );
  }
  const { value } = validation;
  const json = jsonOf(value);
  const structuredContent = (wraps ? { result: value } : value) as Record<string, unknown>;
  return { ...(rest ?? textResult(wellFormedJson(json))), structuredContent };
}

/** The JSON text of a value; throws `TypeError` where there is none. */
function jsonOf(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) throw new TypeError('the tool returned a value that JSON cannot represent');
  return json;
}

function isResult(value: unknown): value is CallToolResult {
  return isObject(value) && Array.isArray(value['content']);
}
