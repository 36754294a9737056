import { RATE_LIMIT_FORMAT, type RateLimit, readRateLimit } from '../../backplane/index.js';
import type { Schema } from '../decorators/schema.js';
import type { ToolOptions } from '../decorators/tool.decorator.js';
import { Access } from './access.js';
import { type AuditPolicy, EVERY_CALL } from './audit.policy.js';
import type { Primitive } from './primitive.js';
import type { Handler } from '../enhancers/handler.js';
import { inResultObject, type JsonSchema, jsonSchemaOf, objectSchemaOf } from './json-schema.js';
import { type ParamHeader, paramHeadersOf } from './param-headers.js';
import { assertOptions } from './options.check.js';
import { assertTimeout, presentation } from './presentation.js';
import { readableAsDraft07 } from './schemas/draft-07.js';
import { WiringError } from '../decorators/wiring.error.js';

/** MCP 2025-11-25, Tools, "Tool Names". */
const TOOL_NAME = /^[A-Za-z0-9_.-]{1,128}$/;

/** The listed schema of a tool without arguments: some models' APIs refuse an object without `properties`. */
const NO_ARGUMENTS = { type: 'object', properties: {}, additionalProperties: false } as const;

/** A tool in the registry. */
export interface RegisteredTool extends Primitive {
  readonly input: Schema | undefined;
  readonly output: Schema | undefined;
  /** The output schema does not describe an object, so up to 2025-11-25 the value is wrapped in one. */
  readonly wrapsOutput: boolean;
  /** The arguments that clients repeat as headers in 2026-07-28. */
  readonly paramHeaders: readonly ParamHeader[];
  /** Per user, in addition to the server's own limit. */
  readonly rateLimit: RateLimit | undefined;
  readonly execute: Handler<unknown>;
}

/** Validates a tool's wiring and builds its list entry, once. Throws {@link WiringError}. */
export function registeredTool(
  options: ToolOptions,
  execute: Handler<unknown>,
  className: string,
  audit: AuditPolicy = EVERY_CALL,
): RegisteredTool {
  assertOptions('@Tool', options, className);
  const { name, description, input, output, timeoutMs } = options;
  if (!TOOL_NAME.test(name)) {
    throw new WiringError(
      className,
      `the name ${JSON.stringify(name)} is not allowed; use 1 to 128 letters, digits, "_", "-" or "."`,
    );
  }
  if (typeof description !== 'string' || description.trim() === '') {
    throw new WiringError(className, 'it has no description; add one, for models select tools by it');
  }
  assertTimeout(timeoutMs, className);
  const outputSchema = output && jsonSchemaOf(output, 'output', 'output', className);
  const wrapsOutput = outputSchema !== undefined && outputSchema['type'] !== 'object';
  const modernDefinition = {
    ...presentation(options),
    description,
    inputSchema: inputSchemaOf(input, className),
    ...(outputSchema === undefined ? {} : { outputSchema }),
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
  };
  return {
    key: name,
    access: Access.of(options, className),
    audit,
    timeoutMs,
    definition: {
      ...modernDefinition,
      inputSchema: readableAsDraft07(modernDefinition.inputSchema),
      ...(outputSchema === undefined
        ? {}
        : { outputSchema: readableAsDraft07(wrapsOutput ? inResultObject(outputSchema) : outputSchema) }),
    },
    modernDefinition,
    className,
    input,
    output,
    wrapsOutput,
    paramHeaders: paramHeadersOf(modernDefinition.inputSchema, className),
    runsOnce: options.annotations?.readOnlyHint !== true && options.annotations?.idempotentHint !== true,
    rateLimit: rateLimitOf(options, className),
    execute,
  };
}

function inputSchemaOf(input: Schema | undefined, className: string): JsonSchema {
  if (input === undefined) return NO_ARGUMENTS;
  const schema = objectSchemaOf(input, 'input', 'input', className);
  const { vendor } = input['~standard'];
  if (Object.keys((schema['properties'] as object | undefined) ?? {}).length > 0) return schema;
  const isEmpty =
    vendor === 'zod' && JSON.stringify(Object.keys(schema).toSorted()) === '["properties","type"]';
  return isEmpty ? NO_ARGUMENTS : { ...schema, properties: {} };
}

function rateLimitOf({ rateLimit: text }: ToolOptions, className: string): RateLimit | undefined {
  if (text === undefined) return undefined;
  const limit = readRateLimit(text);
  if (limit !== undefined) return limit;
  throw new WiringError(className, `rateLimit must be ${RATE_LIMIT_FORMAT}; leave it out for none`);
}
