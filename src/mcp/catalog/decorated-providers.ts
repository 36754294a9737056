import { Logger, type Type } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import { WiringError } from '../decorators/wiring.error.js';

type Module = ReturnType<DiscoveryService['getModules']>[number];
type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** A provider to register. */
export interface DecoratedProvider<Options> {
  readonly options: Options;
  readonly wrapper: Wrapper;
  readonly className: string;
}

/**
 * Finds the providers whose class, or a base class, carries a decorator: classes, values, and the results of factories.
 * A decorated one that cannot be found is reported, by a {@link WiringError} or in the log.
 */
export class DecoratedProviders<Options> {
  private readonly logger = new Logger('Mcp');
  /** One instance may be provided under several tokens. */
  private readonly instances = new Set<unknown>();
  /** The class found for each decorated class: itself, or a subclass. */
  private readonly found = new Map<Type, Type>();

  constructor(
    private readonly decorator: ReturnType<typeof DiscoveryService.createDecorator<Options>>,
    /** As written in code. */
    private readonly name: string,
  ) {}

  /** The providers of modules not visited yet. Throws {@link WiringError}. */
  *in(modules: readonly Module[]): Iterable<DecoratedProvider<Options>> {
    for (const module of modules) this.refuseControllers(module, modules);
    const wrappers = modules.flatMap(({ providers }) => [...providers.values()]);
    // Classes first: a factory may return another provider's instance, whose enhancers Nest knows from the class.
    for (const wrapper of wrappers.toSorted(byOrigin)) {
      const classRef = classOf(wrapper);
      const options = classRef && this.optionsOf(classRef);
      if (options === undefined) this.warnOfSubstitute(wrapper, classRef);
      else if (!wrapper.isAlias && !this.instances.has(wrapper.instance)) {
        this.instances.add(wrapper.instance);
        this.claim(classRef!);
        yield { options, wrapper, className: classRef!.name };
      }
    }
  }

  private optionsOf(classRef: object): Options | undefined {
    return Reflect.getMetadata(this.decorator.KEY, classRef) as Options | undefined;
  }

  /** Two classes with one decorator would share one name. */
  private claim(classRef: Type): void {
    let owner: Type = classRef;
    while (!Reflect.hasOwnMetadata(this.decorator.KEY, owner)) owner = Object.getPrototypeOf(owner) as Type;
    const other = this.found.get(owner) ?? classRef;
    this.found.set(owner, classRef);
    if (other === classRef) return;
    const [heir, first] = classRef === owner ? [other, classRef] : [classRef, other];
    throw new WiringError(
      heir.name,
      `it inherits the ${this.name} of ${owner.name}, by which ${first.name} is registered as well; ` +
        `give it a ${this.name} of its own, or provide only one of them`,
    );
  }

  /** `{ provide: EchoTool, useClass: Other }`, where `Other` is no tool: may be intended, so it is only a warning. */
  private warnOfSubstitute(wrapper: Wrapper, classRef: Type | undefined): void {
    const { token, isAlias } = wrapper;
    if (typeof token !== 'function' || this.optionsOf(token) === undefined) return;
    if (isAlias && classRef === undefined) return;
    const given =
      classRef === undefined
        ? 'what is not known at the start'
        : `an object of class ${classRef.name}, without it`;
    const reason = `${token.name} has ${this.name}, and its provider gives ${given}; provide a decorated class`;
    this.logger.warn({ event: 'wiring.not_registered', class: token.name, reason });
  }

  private refuseControllers({ controllers, name }: Module, modules: readonly Module[]): void {
    for (const { metatype } of controllers.values()) {
      if (metatype === null || this.optionsOf(metatype) === undefined) continue;
      if (modules.some(({ providers }) => providers.has(metatype))) continue;
      throw new WiringError(
        metatype.name,
        `it has ${this.name} and is listed among the controllers of ${name}; list it among the providers`,
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
