import { Inject, Injectable } from '@nestjs/common';
import type { McpPrompt } from '../decorators/mcp-prompt.js';
import type { PromptOptions } from '../decorators/prompt.decorator.js';
import type { Schema } from '../decorators/schema.js';
import { HandlerFactory } from '../enhancers/handler.factory.js';
import { MCP_OPTIONS } from '../mcp.options.js';
import { auditPolicyOf } from './audit.policy.js';
import { ChangeFeed } from './change.feed.js';
import { PrimitiveList, type ListOptions } from './primitive.list.js';
import { type RegisteredPrompt, registeredPrompt } from './registered-prompt.js';

/** Holds the prompts of this process: those found at start, and those added or removed at run time. */
@Injectable()
export class PromptRegistry {
  readonly list: PrimitiveList<RegisteredPrompt>;

  constructor(
    private readonly handlers: HandlerFactory,
    changes: ChangeFeed,
    @Inject(MCP_OPTIONS) options: ListOptions,
  ) {
    this.list = new PrimitiveList({ field: 'prompts', list: 'prompts' }, changes, options);
  }

  get size(): number {
    return this.list.byKey.size;
  }

  /**
   * Adds a prompt and notifies clients that watch the list. `prompt` may be an instance of any class. Throws {@link
   * WiringError} when the prompt is invalid or its name is in use.
   */
  add<A extends Schema | undefined = undefined>(options: PromptOptions<A>, prompt: McpPrompt<A>): void {
    const render = this.handlers.forInstance(prompt, 'render');
    const complete = prompt.complete && this.handlers.forInstance(prompt, 'complete');
    const { name } = prompt.constructor;
    this.list.add(
      registeredPrompt(options, { render, complete }, name, auditPolicyOf(prompt.constructor, name)),
    );
  }

  /** Removes a prompt and notifies clients that watch the list. False: unknown name. */
  remove(name: string): boolean {
    return this.list.remove(name);
  }
}
