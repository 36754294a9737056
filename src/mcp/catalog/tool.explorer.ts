import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { ToolMetadata } from '../decorators/tool.decorator.js';
import { registerTool } from './registered-tool.js';
import { ToolRegistry } from './tool.registry.js';
import { ToolWiringError } from './tool-wiring.error.js';

/** Finds the providers that carry `@Tool`, in every module, and registers them. */
@Injectable()
export class ToolExplorer implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly registry: ToolRegistry,
  ) {}

  onModuleInit(): void {
    const seen = new Set<unknown>();
    for (const wrapper of this.discovery.getProviders({ metadataKey: ToolMetadata.KEY })) {
      const options = this.discovery.getMetadataByDecorator(ToolMetadata, wrapper);
      // One instance may stand in several modules, under an alias or by re-export.
      if (options === undefined || seen.has(wrapper.instance)) continue;
      const className = wrapper.metatype?.name ?? String(wrapper.name);
      if (!wrapper.isDependencyTreeStatic()) {
        throw new ToolWiringError(
          className,
          'it or something it injects is request-scoped; make it a singleton',
        );
      }
      seen.add(wrapper.instance);
      this.registry.add(registerTool(options, wrapper.instance, className));
    }
  }
}
