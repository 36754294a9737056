import { applyDecorators, type Type } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { ToolAnnotations } from '../messages/sdk-types.js';
import type { PrimitiveOptions } from './primitive-options.js';
import { InjectableAsDeclared } from './injectable-as-declared.js';
import type { McpTool } from './mcp-tool.js';
import type { Schema } from './schema.js';

/** How a tool presents itself, and who may call it. MCP 2025-11-25, Server Features: Tools. */
export interface ToolOptions<
  I extends Schema | undefined = Schema | undefined,
  O = Schema | undefined,
> extends PrimitiveOptions {
  /** Unique; 1 to 128 of `A–Z a–z 0–9 _ - .` */
  readonly name: string;
  /** What the tool does and when to use it: the model decides by this text. */
  readonly description: string;
  /** The arguments, an object schema. Left out: the tool takes none. */
  readonly input?: I;
  /** The structured result. Left out: the tool answers with content alone. */
  readonly output?: O;
  readonly annotations?: ToolAnnotations;
  /** Calls that one principal may make of this tool, such as `10/1m`, beside the server's own limit. */
  readonly rateLimit?: string;
}

/** Where the explorer looks. */
export const ToolMetadata = DiscoveryService.createDecorator<ToolOptions>();

/**
 * Makes a class a tool: injectable, found at module init in any module that lists it among its
 * `providers`, and registered under `options.name`.
 *
 * Nest's enhancers (`@UseGuards` and the others) work on the class and on `execute`, and it may have any scope.
 *
 * Wrong wiring (a duplicate or forbidden name, no `execute`, a schema without JSON Schema form, a limit that is
 * none) is refused at start with a `WiringError`.
 */
export function Tool<I extends Schema | undefined = undefined, O extends Schema | undefined = undefined>(
  options: ToolOptions<I, O>,
): (target: Type<McpTool<I, O>>) => void {
  return applyDecorators(InjectableAsDeclared(), ToolMetadata(options));
}
