import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { type DiscoveryService, type LazyModuleLoader, ModuleRef } from '@nestjs/core';
import { AUDIT_METADATA } from '../decorators/audit.decorator.js';
import { PromptMetadata } from '../decorators/prompt.decorator.js';
import { ResourceMetadata } from '../decorators/resource.decorator.js';
import { ToolMetadata } from '../decorators/tool.decorator.js';
import { CATALOG_SOURCE, type CatalogSource } from '../enhancers/catalog-source.js';
import { HandlerFactory } from '../enhancers/handler.factory.js';
import { type AuditPolicy, auditPolicyOf } from './audit.policy.js';
import type { Handler } from '../enhancers/handler.js';
import { classOf, DecoratedProviders } from './decorated-providers.js';
import { PromptRegistry } from './prompt.registry.js';
import { registeredPrompt } from './registered-prompt.js';
import { registeredResource } from './registered-resource.js';
import { registeredTool } from './registered-tool.js';
import { ResourceRegistry } from './resource.registry.js';
import { ToolRegistry } from './tool.registry.js';

type Module = ReturnType<DiscoveryService['getModules']>[number];
type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Registers the decorated providers of every module: at module init, and of lazily loaded modules. */
@Injectable()
export class CatalogExplorer implements OnModuleInit {
  private readonly toolProviders = new DecoratedProviders(ToolMetadata);
  private readonly resourceProviders = new DecoratedProviders(ResourceMetadata);
  private readonly promptProviders = new DecoratedProviders(PromptMetadata);
  private readonly explored = new Set<Module>();
  private readonly loads = new Set<Promise<unknown>>();
  private isInitialized = false;

  constructor(
    @Inject(CATALOG_SOURCE) private readonly source: CatalogSource,
    private readonly handlers: HandlerFactory,
    private readonly tools: ToolRegistry,
    private readonly resources: ResourceRegistry,
    private readonly prompts: PromptRegistry,
  ) {
    this.followLoads(source.loader);
  }

  async onModuleInit(): Promise<void> {
    await Promise.allSettled(this.loads);
    this.isInitialized = true;
    const modules = [...this.source.modules.values()];
    this.explore(modules);
    for (const kind of [this.toolProviders, this.resourceProviders, this.promptProviders]) {
      kind.warnOfUnlisted(modules);
    }
  }

  /** Nest runs no hook of a lazily loaded module. A load with wrong wiring rejects. */
  private followLoads(loader: LazyModuleLoader): void {
    const load = loader.load.bind(loader);
    loader.load = async (...args) => {
      const loading = load(...args);
      this.loads.add(loading);
      const loaded = await loading.finally(() => this.loads.delete(loading));
      if (this.isInitialized) this.explore(this.withImports(loaded));
      return loaded;
    };
  }

  /** The module of `moduleRef` and its imports: only these are complete when the load has ended. */
  private withImports(moduleRef: ModuleRef): readonly Module[] {
    const own = ({ providers }: Module) => providers.get(ModuleRef)?.instance === moduleRef;
    const reached = new Set([...this.source.modules.values()].filter(own));
    for (const module of reached) for (const imported of module.imports) reached.add(imported);
    return [...reached];
  }

  private explore(modules: readonly Module[]): void {
    const { includes = () => true } = this.source;
    const unexplored = modules.filter((module) => !this.explored.has(module) && includes(module));
    for (const module of unexplored) this.explored.add(module);
    for (const { options, wrapper, method, className } of this.toolProviders.in(unexplored)) {
      const execute = this.handlers.forProvider(wrapper, method ?? 'execute');
      this.tools.list.add(registeredTool(options, execute, className, auditOf(wrapper, method, className)));
    }
    for (const { options, wrapper, method, className } of this.resourceProviders.in(unexplored)) {
      const read = this.handlers.forProvider(wrapper, method ?? 'read');
      const complete = method === undefined ? this.completeOf(wrapper) : undefined;
      const audit = auditOf(wrapper, method, className);
      this.resources.register(registeredResource(options, { read, complete }, className, audit));
    }
    for (const { options, wrapper, method, className } of this.promptProviders.in(unexplored)) {
      const render = this.handlers.forProvider(wrapper, method ?? 'render');
      const complete = method === undefined ? this.completeOf(wrapper) : undefined;
      const audit = auditOf(wrapper, method, className);
      this.prompts.list.add(registeredPrompt(options, { render, complete }, className, audit));
    }
  }

  /** Optional: without `complete` the class suggests nothing. */
  private completeOf(wrapper: Wrapper): Handler<unknown> | undefined {
    const made: unknown = wrapper.instance ?? wrapper.metatype?.prototype;
    const has = typeof (made as { complete?: unknown } | null)?.complete === 'function';
    return has ? this.handlers.forProvider(wrapper, 'complete') : undefined;
  }
}

/** `@Audit` of the method goes before that of the class. */
function auditOf(wrapper: Wrapper, method: string | undefined, className: string): AuditPolicy {
  const classRef = classOf(wrapper) ?? Object;
  const run = method === undefined ? undefined : (classRef.prototype as Record<string, object>)[method];
  const place = run !== undefined && Reflect.hasMetadata(AUDIT_METADATA, run) ? run : classRef;
  return auditPolicyOf(place as typeof classRef, className);
}
