import type { Type } from '@nestjs/common';
import type { PrimitiveOptions } from './primitive-options.js';
import type { McpPrompt } from './mcp-prompt.js';
import { PrimitiveMetadata } from './primitive-metadata.js';
import type { Schema } from './schema.js';

/** Options of a prompt. MCP 2025-11-25, Server Features: Prompts. */
export interface PromptOptions<A extends Schema | undefined = Schema | undefined> extends PrimitiveOptions {
  /** Unique. */
  readonly name: string;
  readonly description?: string;
  /** The arguments: an object schema whose properties accept strings. Default: no arguments. */
  readonly args?: A;
}

/** Metadata that the explorer reads. */
export const PromptMetadata = new PrimitiveMetadata<PromptOptions>('@Prompt');

/** What {@link Prompt} decorates: a class with `render`, or a method with the parameters of `render`. */
export interface PromptDecorator<A extends Schema | undefined> {
  (target: Type<McpPrompt<A>>): void;
  <Method extends McpPrompt<A>['render']>(
    target: object,
    method: string,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void;
}

/**
 * Makes a class a prompt: injectable, and registered at module init by any module that lists it in `providers`. On a
 * method of a provider it makes that method a prompt, without completions. Wrong wiring is refused at start with a
 * `WiringError`.
 */
export function Prompt<A extends Schema | undefined = undefined>(
  options: PromptOptions<A>,
): PromptDecorator<A> {
  return PromptMetadata.decorator(options);
}
