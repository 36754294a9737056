import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { PromptMetadata } from '../decorators/prompt.decorator.js';
import { ResourceMetadata } from '../decorators/resource.decorator.js';
import { ToolMetadata } from '../decorators/tool.decorator.js';
import { HandlerFactory } from '../enhancers/handler.factory.js';
import { type AuditPolicy, auditPolicyOf } from './audit.policy.js';
import type { Handler } from '../enhancers/handler.js';
import { PromptRegistry } from './prompt.registry.js';
import { registeredPrompt } from './registered-prompt.js';
import { registeredResource } from './registered-resource.js';
import { registeredTool } from './registered-tool.js';
import { ResourceRegistry } from './resource.registry.js';
import { ToolRegistry } from './tool.registry.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];
type Decorator<Options> = ReturnType<typeof DiscoveryService.createDecorator<Options>>;

/** Finds the providers that carry one of the decorators, in every module, and registers them. */
@Injectable()
export class CatalogExplorer implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly handlers: HandlerFactory,
    private readonly tools: ToolRegistry,
    private readonly resources: ResourceRegistry,
    private readonly prompts: PromptRegistry,
  ) {}

  onModuleInit(): void {
    this.explore(ToolMetadata, (options, wrapper, className) => {
      const execute = this.handlers.forProvider(wrapper, 'execute');
      this.tools.list.add(registeredTool(options, execute, className, auditOf(wrapper, className)));
    });
    this.explore(ResourceMetadata, (options, wrapper, className) => {
      const read = this.handlers.forProvider(wrapper, 'read');
      const complete = this.completeOf(wrapper);
      this.resources.register(
        registeredResource(options, { read, complete }, className, auditOf(wrapper, className)),
      );
    });
    this.explore(PromptMetadata, (options, wrapper, className) => {
      const render = this.handlers.forProvider(wrapper, 'render');
      const complete = this.completeOf(wrapper);
      this.prompts.list.add(
        registeredPrompt(options, { render, complete }, className, auditOf(wrapper, className)),
      );
    });
  }

  /** A class may go without: it then suggests nothing. */
  private completeOf(wrapper: Wrapper): Handler<unknown> | undefined {
    const made: unknown = wrapper.instance ?? wrapper.metatype?.prototype;
    const has = typeof (made as { complete?: unknown } | null)?.complete === 'function';
    return has ? this.handlers.forProvider(wrapper, 'complete') : undefined;
  }

  private explore<Options>(
    decorator: Decorator<Options>,
    register: (options: Options, wrapper: Wrapper, className: string) => void,
  ): void {
    const seen = new Set<unknown>();
    for (const wrapper of this.discovery.getProviders({ metadataKey: decorator.KEY })) {
      const options = this.discovery.getMetadataByDecorator(decorator, wrapper);
      // One instance may stand in several modules, under an alias or by re-export.
      if (options === undefined || seen.has(wrapper.instance)) continue;
      seen.add(wrapper.instance);
      register(options, wrapper, wrapper.metatype?.name ?? String(wrapper.name));
    }
  }
}

/** Where Nest, too, reads the metadata of a provider: a factory's is that of what it made. */
function auditOf({ instance, metatype }: Wrapper, className: string): AuditPolicy {
  return auditPolicyOf((instance as object | null)?.constructor ?? metatype ?? Object, className);
}
