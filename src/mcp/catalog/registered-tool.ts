import { RATE_LIMIT_FORMAT, type RateLimit, readRateLimit } from '../../backplane/index.js';
import type { McpTool } from '../decorators/mcp-tool.js';
import type { Schema } from '../decorators/schema.js';
import type { ToolOptions } from '../decorators/tool.decorator.js';
import type { ToolDefinition } from '../protocol/sdk-types.js';
import { ToolWiringError } from './tool-wiring.error.js';

/** MCP 2025-11-25, Tools, "Tool Names". */
const TOOL_NAME = /^[A-Za-z0-9_.-]{1,128}$/;

/** A tool as the registry holds it: everything that does not change between calls. */
export interface RegisteredTool {
  readonly name: string;
  /** The entry of `tools/list`. */
  readonly definition: ToolDefinition;
  readonly input: Schema | undefined;
  readonly output: Schema | undefined;
  readonly scopes: readonly string[];
  readonly timeoutMs: number | undefined;
  readonly rateLimit: RateLimit | undefined;
  readonly instance: McpTool<Schema | undefined, Schema | undefined>;
}

/** Checks a tool's wiring and computes its list entry, once. Throws {@link ToolWiringError}. */
export function registerTool(options: ToolOptions, instance: unknown, className: string): RegisteredTool {
  if (!TOOL_NAME.test(options.name)) {
    throw new ToolWiringError(
      className,
      `the name ${JSON.stringify(options.name)} is not allowed; use 1 to 128 letters, digits, "_", "-" or "."`,
    );
  }
  if (!isTool(instance)) {
    throw new ToolWiringError(className, 'it has no execute(); add one and let the class implement McpTool');
  }
  if (options.timeoutMs !== undefined && !(options.timeoutMs > 0 && options.timeoutMs < 2 ** 31)) {
    throw new ToolWiringError(className, 'timeoutMs must be between 1 and 2147483647 milliseconds');
  }
  return {
    name: options.name,
    definition: defineTool(options, className),
    input: options.input,
    output: options.output,
    scopes: options.scopes ?? [],
    timeoutMs: options.timeoutMs,
    rateLimit: rateLimitOf(options, className),
    instance,
  };
}

function rateLimitOf({ rateLimit: text }: ToolOptions, className: string): RateLimit | undefined {
  if (text === undefined) return undefined;
  const limit = readRateLimit(text);
  if (limit !== undefined) return limit;
  throw new ToolWiringError(className, `rateLimit must be ${RATE_LIMIT_FORMAT}; leave it out for none`);
}

function isTool(instance: unknown): instance is RegisteredTool['instance'] {
  return typeof (instance as { execute?: unknown } | null)?.execute === 'function';
}

function defineTool(options: ToolOptions, className: string): ToolDefinition {
  const { name, title, description, annotations, icons, input, output } = options;
  return {
    name,
    ...(title === undefined ? {} : { title }),
    description,
    inputSchema: input === undefined ? { type: 'object' } : jsonSchemaOf(input, 'input', className),
    ...(output === undefined ? {} : { outputSchema: jsonSchemaOf(output, 'output', className) }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(icons === undefined ? {} : { icons: [...icons] }),
  };
}

function jsonSchemaOf(
  schema: Schema,
  side: 'input' | 'output',
  className: string,
): ToolDefinition['inputSchema'] {
  const { jsonSchema: convert } = schema['~standard'];
  if (convert === undefined) {
    throw new ToolWiringError(className, `its ${side} schema has no JSON Schema form; use zod 4.2 or later`);
  }
  let jsonSchema: Record<string, unknown>;
  try {
    jsonSchema = convert[side]({ target: 'draft-2020-12' });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ToolWiringError(
      className,
      `its ${side} schema has no JSON Schema form (${reason}); use types that JSON has, such as z.iso.datetime()`,
    );
  }
  if (jsonSchema['type'] !== 'object') {
    throw new ToolWiringError(
      className,
      `its ${side} schema must describe an object, such as z.object({ … })`,
    );
  }
  // 2020-12 is what MCP assumes where nothing is said, and clients with an older validator fail on the name.
  const { $schema: _dialect, ...definition } = jsonSchema;
  return definition as ToolDefinition['inputSchema'];
}
