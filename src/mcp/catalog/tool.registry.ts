import { Inject, Injectable } from '@nestjs/common';
import type { McpTool } from '../decorators/mcp-tool.js';
import type { Schema } from '../decorators/schema.js';
import type { ToolOptions } from '../decorators/tool.decorator.js';
import { HandlerFactory } from '../enhancers/handler.factory.js';
import { MCP_OPTIONS } from '../mcp.options.js';
import { auditPolicyOf } from './audit.policy.js';
import { ChangeFeed } from './change.feed.js';
import { PrimitiveList, type ListOptions } from './primitive.list.js';
import { type RegisteredTool, registeredTool } from './registered-tool.js';

/** Holds the tools of this process: those found at start, and those added or removed at run time. */
@Injectable()
export class ToolRegistry {
  readonly list: PrimitiveList<RegisteredTool>;

  constructor(
    private readonly handlers: HandlerFactory,
    changes: ChangeFeed,
    @Inject(MCP_OPTIONS) options: ListOptions,
  ) {
    this.list = new PrimitiveList({ field: 'tools', list: 'tools' }, changes, options);
  }

  get size(): number {
    return this.list.byKey.size;
  }

  /**
   * Adds a tool and notifies clients that watch the list. `tool` may be an instance of any class, also of one with
   * Nest's enhancers. Throws {@link WiringError} when the tool is invalid or its name is in use.
   */
  add<I extends Schema | undefined = undefined, O extends Schema | undefined = undefined>(
    options: ToolOptions<I, O>,
    tool: McpTool<I, O>,
  ): void {
    const execute = this.handlers.forInstance(tool, 'execute');
    const { name } = tool.constructor;
    this.list.add(registeredTool(options, execute, name, auditPolicyOf(tool.constructor, name)));
  }

  /** Removes a tool and notifies clients that watch the list. False: unknown name. */
  remove(name: string): boolean {
    return this.list.remove(name);
  }
}
