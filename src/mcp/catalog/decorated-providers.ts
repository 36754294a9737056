import { Logger, type Type } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import { WiringError } from '../decorators/wiring.error.js';

type Module = ReturnType<DiscoveryService['getModules']>[number];
type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** A provider to be registered. */
export interface DecoratedProvider<Options> {
  readonly options: Options;
  readonly wrapper: Wrapper;
  readonly className: string;
}

/**
 * Finds the providers whose class carries a decorator, or extends a class that does: classes, values, and what factories
 * have made. One that is decorated and not found is named, by a {@link WiringError} or in the log.
 */
export class DecoratedProviders<Options> {
  private readonly logger = new Logger('Mcp');
  /** One instance may be provided under several tokens. */
  private readonly instances = new Set<unknown>();
  /** Which class has been found by the decorator of a class: of itself, or of one that it extends. */
  private readonly found = new Map<Type, Type>();

  constructor(
    private readonly decorator: ReturnType<typeof DiscoveryService.createDecorator<Options>>,
    /** As it is written in code. */
    private readonly name: string,
  ) {}

  /** Those of modules that it has not seen yet. Throws {@link WiringError}. */
  *in(modules: readonly Module[]): Iterable<DecoratedProvider<Options>> {
    for (const module of modules) this.refuseControllers(module, modules);
    const wrappers = modules.flatMap(({ providers }) => [...providers.values()]);
    // Classes first: a factory may hand on an instance of another provider, of whose enhancers Nest knows more.
    for (const wrapper of wrappers.toSorted(byOrigin)) {
      const classRef = classOf(wrapper);
      const options = classRef && this.optionsOf(classRef);
      if (options === undefined) this.warnOfStandIn(wrapper, classRef);
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

  /** Two classes by one decorator would have one name. */
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

  /** `{ provide: EchoTool, useClass: Other }`, where `Other` is no tool: that the tool is missing may be meant. */
  private warnOfStandIn(wrapper: Wrapper, classRef: Type | undefined): void {
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

/** The class of what a provider gives: of a value, and of what a factory has made, that of the object. */
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
