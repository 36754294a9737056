import { Logger, type Type } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import type { PrimitiveMetadata } from '../decorators/primitive-metadata.js';
import { WiringError } from '../decorators/wiring.error.js';

type Module = ReturnType<DiscoveryService['getModules']>[number];
type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** A provider to register. */
export interface DecoratedProvider<Options> {
  readonly options: Options;
  readonly wrapper: Wrapper;
  /** The decorated method; undefined where the class is decorated. */
  readonly method: string | undefined;
  /** For error messages: the class, or the class and its method. */
  readonly className: string;
}

/**
 * Finds the providers whose class, or a base class, carries a decorator: classes, values, and the results of factories.
 * A decorated one that cannot be found is reported, by a {@link WiringError} or in the log.
 */
export class DecoratedProviders<Options extends object> {
  private readonly logger = new Logger('Mcp');
  /** One instance may be provided under several tokens. */
  private readonly instances = new Set<unknown>();
  /** The class found for each decorated class: itself, or a subclass. */
  private readonly found = new Map<Type, Type>();

  constructor(private readonly metadata: PrimitiveMetadata<Options>) {}

  /** The providers of modules not visited yet. Throws {@link WiringError}. */
  *in(modules: readonly Module[]): Iterable<DecoratedProvider<Options>> {
    for (const module of modules) this.refuseControllers(module, modules);
    const wrappers = modules.flatMap(({ providers }) => [...providers.values()]);
    // Classes first: a factory may return another provider's instance, whose enhancers Nest knows from the class.
    for (const wrapper of wrappers.toSorted(byOrigin)) {
      const classRef = classOf(wrapper);
      const options = classRef && this.metadata.ofClass(classRef);
      if (options === undefined) this.warnOfSubstitute(wrapper, classRef);
      const methods = classRef && this.metadata.ofMethods(classRef);
      if (classRef === undefined || (options === undefined && methods!.size === 0)) continue;
      if (wrapper.isAlias || this.instances.has(wrapper.instance)) continue;
      this.instances.add(wrapper.instance);
      const { name } = classRef;
      if (options !== undefined) {
        this.claim(classRef);
        yield { options, wrapper, method: undefined, className: name };
      }
      for (const [method, own] of methods!) {
        yield { options: own, wrapper, method, className: `${name}.${method}` };
      }
    }
  }

  /** Two classes with one decorator would share one name. */
  private claim(classRef: Type): void {
    let owner: Type = classRef;
    while (!this.metadata.isOwn(owner)) owner = Object.getPrototypeOf(owner) as Type;
    const other = this.found.get(owner) ?? classRef;
    this.found.set(owner, classRef);
    if (other === classRef) return;
    const [heir, first] = classRef === owner ? [other, classRef] : [classRef, other];
    throw new WiringError(
      heir.name,
      `it inherits the ${this.metadata.name} of ${owner.name}, by which ${first.name} is registered as well; ` +
        `give it a ${this.metadata.name} of its own, or provide only one of them`,
    );
  }

  /** `{ provide: EchoTool, useClass: Other }`, where `Other` is no tool: may be intended, so it is only a warning. */
  private warnOfSubstitute(wrapper: Wrapper, classRef: Type | undefined): void {
    const { token, isAlias } = wrapper;
    if (typeof token !== 'function' || this.metadata.ofClass(token) === undefined) return;
    if (isAlias && classRef === undefined) return;
    const given =
      classRef === undefined
        ? 'a value that is not known at the start'
        : `an object of class ${classRef.name}, without it`;
    const reason = `${token.name} has ${this.metadata.name}, and its provider gives ${given}; provide a decorated class`;
    this.logger.warn({ event: 'wiring.not_registered', class: token.name, reason });
  }

  /** Names each decorated class that no module lists, itself or by a subclass: it is served to no client. */
  warnOfUnlisted(modules: readonly Module[]): void {
    const listed = new Set<unknown>();
    for (const wrapper of modules.flatMap(({ providers }) => [...providers.values()])) {
      let classRef: unknown = classOf(wrapper);
      while (typeof classRef === 'function' && !listed.has(classRef)) {
        listed.add(classRef);
        classRef = Object.getPrototypeOf(classRef);
      }
    }
    for (const classRef of this.metadata.classes) {
      if (listed.has(classRef)) continue;
      const { name } = classRef as Type;
      const reason = `${name} has ${this.metadata.name}, and no module lists it in its providers; list it, or remove it`;
      this.logger.warn({ event: 'wiring.not_listed', class: name, reason });
    }
  }

  private isDecorated(classRef: object): boolean {
    return this.metadata.ofClass(classRef) !== undefined || this.metadata.ofMethods(classRef).size > 0;
  }

  private refuseControllers({ controllers, name }: Module, modules: readonly Module[]): void {
    for (const { metatype } of controllers.values()) {
      if (metatype === null || !this.isDecorated(metatype)) continue;
      if (modules.some(({ providers }) => providers.has(metatype))) continue;
      throw new WiringError(
        metatype.name,
        `it has ${this.metadata.name} and is listed among the controllers of ${name}; list it among the providers`,
      );
    }
  }
}

/** The class of a provided object, also of a value and of a factory's result. */
export function classOf({ isNotMetatype, metatype, instance }: Wrapper): Type | undefined {
  if (!isNotMetatype) return metatype as Type;
  if (typeof instance !== 'object' || instance === null) return undefined;
  const prototype = Object.getPrototypeOf(instance) as { constructor?: unknown } | null;
  const classRef = prototype?.constructor;
  return typeof classRef === 'function' ? (classRef as Type) : undefined;
}

function byOrigin(one: Wrapper, other: Wrapper): number {
  return Number(one.isNotMetatype) - Number(other.isNotMetatype);
}
