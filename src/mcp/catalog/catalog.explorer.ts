import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { ToolMetadata } from '../decorators/tool.decorator.js';
import { HandlerFactory } from '../invocation/handler.factory.js';
import { type AuditPolicy, auditPolicyOf } from './audit.policy.js';
import { registeredTool } from './registered-tool.js';
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
  ) {}

  onModuleInit(): void {
    this.explore(ToolMetadata, (options, wrapper, className) => {
      const execute = this.handlers.forProvider(wrapper, 'execute');
      this.tools.list.add(registeredTool(options, execute, className, auditOf(wrapper, className)));
    });
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
