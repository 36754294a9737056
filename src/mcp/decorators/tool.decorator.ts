import type { Type } from '@nestjs/common';
import type { ToolAnnotations } from '../messages/sdk-types.js';
import type { PrimitiveOptions } from './primitive-options.js';
import type { McpTool } from './mcp-tool.js';
import { PrimitiveMetadata } from './primitive-metadata.js';
import type { Schema } from './schema.js';

/** Options of a tool. MCP 2025-11-25, Server Features: Tools. */
export interface ToolOptions<
  I extends Schema | undefined = Schema | undefined,
  O = Schema | undefined,
> extends PrimitiveOptions {
  /** Unique; 1 to 128 of `A–Z a–z 0–9 _ - .` */
  readonly name: string;
  /** What the tool does and when to use it: the model selects tools by this text. */
  readonly description: string;
  /** The arguments, an object schema. Default: no arguments. */
  readonly input?: I;
  /** The structured result. Default: content only. */
  readonly output?: O;
  readonly annotations?: ToolAnnotations;
  /** Calls of this tool that one user may make, such as `10/1m`, in addition to the server's own limit. */
  readonly rateLimit?: string;
}

/** Metadata that the explorer reads. */
export const ToolMetadata = new PrimitiveMetadata<ToolOptions>('@Tool');

/** What {@link Tool} decorates: a class with `execute`, or a method with the parameters of `execute`. */
export interface ToolDecorator<I extends Schema | undefined, O extends Schema | undefined> {
  (target: Type<McpTool<I, O>>): void;
  <Method extends McpTool<I, O>['execute']>(
    target: object,
    method: string,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void;
}

/**
 * Makes a class a tool: injectable, and registered under `options.name` at module init by any module that lists it in
 * `providers`. Nest's enhancers (`@UseGuards` and the others) work on the class and on `execute`, and it may have any
 * scope. On a method of a provider it makes that method a tool, so that one service can carry several.
 *
 * Wrong wiring (a duplicate or invalid name, no `execute`, a schema without JSON Schema form, an invalid limit, an unknown
 * option) is refused at start with a `WiringError`.
 */
export function Tool<I extends Schema | undefined = undefined, O extends Schema | undefined = undefined>(
  options: ToolOptions<I, O>,
): ToolDecorator<I, O> {
  return ToolMetadata.decorator(options);
}
