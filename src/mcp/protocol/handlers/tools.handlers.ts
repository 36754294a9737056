import { Injectable } from '@nestjs/common';
import { describeIssues } from '../../catalog/argument-issues.js';
import type { Target } from '../../catalog/primitive.js';
import type { RegisteredTool } from '../../catalog/registered-tool.js';
import { ToolRegistry } from '../../catalog/tool.registry.js';
import type { Schema } from '../../decorators/schema.js';
import type { Handler } from '../../enhancers/handler.js';
import { assertBlocks, describeValue } from '../../invocation/content-blocks.js';
import { Invoker } from '../../invocation/invoker.js';
import type { Operation } from '../../invocation/operation.js';
import { ResultCheck } from '../../invocation/result.check.js';
import { isObject, wellFormedJson } from '../../messages/json-rpc.js';
import { invalidParams, type ProtocolError } from '../../messages/protocol.error.js';
import type { CallToolResult } from '../../messages/sdk-types.js';
import { listHandler, type RequestHandler, type RequestHandlers } from '../request-handler.js';

/** MCP 2025-11-25 and 2026-07-28, Server Features: Tools. */
@Injectable()
export class ToolsHandlers implements RequestHandlers {
  readonly handlers: readonly RequestHandler[];

  constructor({ list }: ToolRegistry, invoker: Invoker, check: ResultCheck) {
    const call: RequestHandler<Target<RegisteredTool>> = {
      method: 'tools/call',
      era: 'all',
      kind: 'tool',
      find: ({ name }) => {
        const tool = typeof name === 'string' ? list.byKey.get(name) : undefined;
        return tool && { primitive: tool };
      },
      answer: (request, context, found) => {
        const { name, arguments: args = {} } = request.params;
        if (typeof name !== 'string') throw invalidParams('"name" must be a string');
        if (!isObject(args)) throw invalidParams('"arguments" must be an object');
        if (found?.verdict !== 'allowed') {
          return invoker.unknown('tool', found, unknownTool(), request, context);
        }
        const operation = new ToolOperation(found.target.primitive, args, context.peer.isModern, check);
        return invoker.call(operation, request, context);
      },
    };
    this.handlers = [listHandler('tools/list', list), call];
  }
}

function unknownTool(): ProtocolError {
  return invalidParams('Unknown tool: tools/list names those that you may call');
}

/** `tools/call`: errors are results for the model. MCP 2025-11-25, Tools, "Error Handling". */
export class ToolOperation implements Operation {
  readonly kind = 'tool';
  readonly timeoutMs: number | undefined;
  readonly schema: Schema | undefined;
  readonly run: Handler<unknown>;
  args: unknown;

  constructor(
    readonly primitive: RegisteredTool,
    args: unknown,
    /** The revision allows structured content of any type. */
    private readonly isModern: boolean,
    private readonly check?: ResultCheck,
  ) {
    this.timeoutMs = primitive.timeoutMs;
    this.schema = primitive.input;
    this.run = primitive.execute;
    this.args = primitive.input === undefined ? {} : args;
  }

  /** Throws when `execute` returned none of the forms of {@link ToolReturn}, or what the output schema does not allow. */
  toResult(returned: unknown, onDropped: OnDropped): CallToolResult | Promise<CallToolResult> {
    const { output } = this.primitive;
    if (output !== undefined) return this.checkedResult(output, returned, onDropped);
    if (typeof returned === 'string') return { content: [{ type: 'text', text: returned }] };
    if (isResult(returned)) {
      assertBlocks(returned.content);
      return handBuiltResult(returned, this.isModern, onDropped);
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

  failure(text: string): CallToolResult {
    return { content: [{ type: 'text', text }], isError: true };
  }

  private async checkedResult(
    schema: Schema,
    returned: unknown,
    onDropped: OnDropped,
  ): Promise<CallToolResult> {
    const wraps = this.primitive.wrapsOutput && !this.isModern;
    const result = await structuredResult(schema, returned, wraps, onDropped);
    this.check?.assertListed(this.primitive, result, this.isModern);
    return result;
  }
}

/** Receives the reason where the structured content was dropped: the client would refuse the whole result otherwise. */
type OnDropped = (reason: unknown) => void;

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
  if (!isWhole) return resultOf(schema, returned, undefined, wraps);
  assertBlocks(returned.content);
  const { structuredContent, ...rest } = returned;
  if (structuredContent === undefined) return rest;
  try {
    return await resultOf(schema, structuredContent, rest, wraps);
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
async function resultOf(
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
  return {
    ...(rest ?? { content: [{ type: 'text', text: wellFormedJson(json) }] }),
    structuredContent,
  };
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
