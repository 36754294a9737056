import { applyDecorators, type Type } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { PrimitiveOptions } from './primitive-options.js';
import { InjectableAsDeclared } from './injectable-as-declared.js';
import type { McpPrompt } from './mcp-prompt.js';
import type { Schema } from './schema.js';

/** Options of a prompt. MCP 2025-11-25, Server Features: Prompts. */
export interface PromptOptions<A extends Schema | undefined = Schema | undefined> extends PrimitiveOptions {
  /** Unique. */
  readonly name: string;
  readonly description?: string;
  /** The arguments: an object schema whose properties accept strings. Default: no arguments. */
  readonly args?: A;
}

/** Metadata key that the explorer reads. */
export const PromptMetadata = DiscoveryService.createDecorator<PromptOptions>();

/**
 * Makes a class a prompt: injectable, and registered at module init by any module that lists it in `providers`. Wrong
 * wiring is refused at start with a `WiringError`.
 */
export function Prompt<A extends Schema | undefined = undefined>(
  options: PromptOptions<A>,
): (target: Type<McpPrompt<A>>) => void {
  return applyDecorators(InjectableAsDeclared(), PromptMetadata(options));
}
