import { applyDecorators, Injectable, type Type } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { Icon, ToolAnnotations } from '../protocol/sdk-types.js';
import type { McpTool } from './mcp-tool.js';
import type { Schema } from './schema.js';

/** How a tool presents itself, and who may call it. MCP 2025-11-25, Server Features: Tools. */
export interface ToolOptions<I extends Schema | undefined = Schema | undefined, O = Schema | undefined> {
  /** Unique; 1 to 128 of `A–Z a–z 0–9 _ - .` */
  readonly name: string;
  /** A name for people. */
  readonly title?: string;
  /** What the tool does and when to use it: the model decides by this text. */
  readonly description: string;
  /** The arguments, an object schema. Left out: the tool takes none. */
  readonly input?: I;
  /** The structured result, an object schema. */
  readonly output?: O;
  readonly annotations?: ToolAnnotations;
  readonly icons?: readonly Icon[];
  /** Scopes a caller must have, all of them. For anybody else the tool does not exist. */
  readonly scopes?: readonly string[];
  /** Milliseconds after which a call is aborted. Left out: the server's default. */
  readonly timeoutMs?: number;
  /** Calls that one principal may make of this tool, such as `10/1m`, beside the server's own limit. */
  readonly rateLimit?: string;
}

/** Where the explorer looks. */
export const ToolMetadata = DiscoveryService.createDecorator<ToolOptions>();

/**
 * Makes a class a tool: injectable, found at module init in any module that lists it among its
 * `providers`, and registered under `options.name`.
 *
 * Wrong wiring (a duplicate or forbidden name, no `execute`, a schema without JSON Schema form, a limit that is none) is
 * refused at start with a `ToolWiringError`.
 */
export function Tool<I extends Schema | undefined = undefined, O extends Schema | undefined = undefined>(
  options: ToolOptions<I, O>,
): (target: Type<McpTool<I, O>>) => void {
  return applyDecorators(Injectable(), ToolMetadata(options));
}
