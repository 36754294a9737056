import { Inject, Injectable, type Type } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import { CATALOG_SOURCE, type CatalogSource } from './catalog-source.js';
import type { Handler } from './handler.js';
import { WiringError } from '../decorators/wiring.error.js';
import { CallScope } from './call.scope.js';
import { EnhancerInstances } from './enhancer.instances.js';
import { EnhancerPipeline } from './enhancer.pipeline.js';
import { Enhancers } from './enhancers.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];
type Module = ReturnType<DiscoveryService['getModules']>[number];

/**
 * Builds the handler of a primitive from a method of its class and Nest's decorators on it. A method without enhancers
 * is called directly.
 */
@Injectable()
export class HandlerFactory {
  constructor(@Inject(CATALOG_SOURCE) private readonly source: Pick<CatalogSource, 'modules'>) {}

  /** For a provider that Nest manages. Throws {@link WiringError} where it cannot be called. */
  forProvider(wrapper: Wrapper, method: string): Handler<unknown> {
    if (wrapper.isNotMetatype) return this.forInstance(wrapper.instance as object, method);
    const classRef = wrapper.metatype as Type;
    return wrapper.isDependencyTreeStatic() && !wrapper.isTransient
      ? this.bound(wrapper.instance as object, classRef, method, wrapper)
      : this.perCall(wrapper, classRef, method);
  }

  /** For an object created outside of Nest. */
  forInstance(instance: object, method: string): Handler<unknown> {
    return this.bound(instance, instance.constructor as Type, method);
  }

  private bound(instance: object, classRef: Type, method: string, wrapper?: Wrapper): Handler<unknown> {
    const run = callable(instance, method, classRef);
    const pipeline = this.pipelineOf(instance, classRef, method, wrapper?.host);
    if (pipeline === undefined) return run.bind(instance);
    return pipeline.around(instance, { inquirerId: wrapper?.id });
  }

  /** For a class that is request-scoped, itself or by a dependency: created for each call. */
  private perCall(wrapper: Wrapper, classRef: Type, method: string): Handler<unknown> {
    const prototype = classRef.prototype as object;
    callable(prototype, method, classRef);
    const scope = new CallScope(wrapper);
    const pipeline = this.pipelineOf(prototype, classRef, method, wrapper.host);
    return async (input, context) => {
      const { instance, contextId } = await scope.enter(input, context);
      if (pipeline === undefined) return callable(instance, method, classRef).call(instance, input, context);
      return pipeline.around(instance, { contextId, inquirerId: wrapper.id })(input, context);
    };
  }

  private pipelineOf(
    target: object,
    classRef: Type,
    method: string,
    home: Module | undefined,
  ): EnhancerPipeline | undefined {
    const enhancers = new Enhancers(classRef, callable(target, method, classRef), method);
    if (enhancers.none) return undefined;
    return new EnhancerPipeline(
      enhancers,
      method,
      new EnhancerInstances(this.source.modules, classRef, home),
    );
  }
}

type Method = (...args: unknown[]) => unknown;

function callable(target: object, method: string, { name }: Type): Method {
  const run = (target as Record<string, unknown>)[method];
  if (typeof run !== 'function') throw new WiringError(name, `it has no ${method}(); add one`);
  return run as Method;
}
