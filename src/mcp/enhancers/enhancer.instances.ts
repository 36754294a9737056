import type { Type } from '@nestjs/common';
import {
  PARAMTYPES_METADATA,
  PROPERTY_DEPS_METADATA,
  SELF_DECLARED_DEPS_METADATA,
} from '@nestjs/common/constants.js';
import { STATIC_CONTEXT } from '@nestjs/core/injector/constants.js';
import type { DiscoveryService, ModulesContainer } from '@nestjs/core';
import { WiringError } from '../decorators/wiring.error.js';

type Module = ReturnType<DiscoveryService['getModules']>[number];
type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];
/** The part of Nest's wrapper that returns the instance of an enhancer, per call or shared. */
export type InstanceSource = Pick<Wrapper, 'getInstanceByContextId'>;

/**
 * Finds the instances of enhancers that a class names by their class. Nest would skip one that it does not find, even a
 * guard; here that is an error.
 */
export class EnhancerInstances {
  private readonly found = new Map<Type, InstanceSource>();

  constructor(
    private readonly modules: ModulesContainer,
    private readonly owner: Type,
    /**
     * The module that provides the class. Undefined: Nest has not created the object, so it has not processed its
     * enhancers.
     */
    private readonly home: Module | undefined,
  ) {}

  /** Throws {@link WiringError} where there is no instance, and none can be created. */
  get(enhancer: Type): InstanceSource {
    let source = this.found.get(enhancer);
    if (source === undefined) {
      source = this.home?.injectables.get(enhancer) ?? this.elsewhere(enhancer) ?? this.made(enhancer);
      this.found.set(enhancer, source);
    }
    return source;
  }

  private elsewhere(enhancer: Type): InstanceSource | undefined {
    const all = [...this.modules.values()];
    const homes = all.filter((module) => module.hasProvider(this.owner));
    const wrapper = [
      ...homes.map(({ injectables }) => injectables.get(enhancer)),
      ...[...homes, ...all].map(({ providers }) => providers.get(enhancer)),
      ...all.map(({ injectables }) => injectables.get(enhancer)),
    ].find((candidate) => candidate !== undefined);
    if (wrapper === undefined) return undefined;
    if (wrapper.isTransient || !wrapper.isDependencyTreeStatic()) {
      throw this.refused(
        `its ${enhancer.name} is no singleton, and Nest has not made this object; change the scope`,
      );
    }
    if (wrapper.getInstanceByContextId(STATIC_CONTEXT).isResolved !== true) {
      throw this.refused(
        `its ${enhancer.name} is not created yet; add the object in onModuleInit() or later`,
      );
    }
    return wrapper;
  }

  private made(enhancer: Type): InstanceSource {
    if (hasDependencies(enhancer)) {
      throw this.refused(
        `Nest does not know its ${enhancer.name}; list ${enhancer.name} among the providers of a module`,
      );
    }
    const host = { instance: new enhancer() as unknown, isConstructorCalled: true };
    return { getInstanceByContextId: () => host };
  }

  private refused(problem: string): WiringError {
    return new WiringError(this.owner.name, problem);
  }
}

function hasDependencies(type: Type): boolean {
  const listed = [PARAMTYPES_METADATA, SELF_DECLARED_DEPS_METADATA, PROPERTY_DEPS_METADATA];
  return (
    type.length > 0 || listed.some((key) => ((Reflect.getMetadata(key, type) ?? []) as unknown[]).length > 0)
  );
}
