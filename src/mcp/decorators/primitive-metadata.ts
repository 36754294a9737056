import { DiscoveryService } from '@nestjs/core';
import { InjectableAsDeclared } from './injectable-as-declared.js';
import { WiringError } from './wiring.error.js';

/** Methods by their name, with the options of a decorator on each. */
type Methods<Options> = ReadonlyMap<string, Options>;

/**
 * The metadata of one kind of primitive. The decorator is on a class, which is one primitive, or on methods of a
 * provider, each of which is one.
 */
export class PrimitiveMetadata<Options extends object> {
  private readonly onClass = DiscoveryService.createDecorator<Options>();
  private readonly decorated = new Set<object>();

  /** `name`: of the decorator, as written in code. */
  constructor(readonly name: string) {}

  /** Every class that carries the decorator, itself or on a method. */
  get classes(): ReadonlySet<object> {
    return this.decorated;
  }

  decorator(options: Options): (target: object, method?: string | symbol) => void {
    return (target, method) => {
      if (method === undefined) this.decorateClass(target, options);
      else this.decorateMethod(target, method, options);
    };
  }

  /** The options of a class, or of its closest base class that has some. */
  ofClass(classRef: object): Options | undefined {
    return Reflect.getMetadata(this.onClass.KEY, classRef) as Options | undefined;
  }

  isOwn(classRef: object): boolean {
    return Reflect.hasOwnMetadata(this.onClass.KEY, classRef);
  }

  /** The decorated methods of a class, those of its base classes included. */
  ofMethods(classRef: object): Methods<Options> {
    const base = Object.getPrototypeOf(classRef) as object | null;
    const inherited = base === null || base === Function.prototype ? undefined : this.ofMethods(base);
    const own = Reflect.getOwnMetadata(this.methodsKey, classRef) as Methods<Options> | undefined;
    if (own === undefined) return inherited ?? new Map<string, Options>();
    return inherited === undefined ? own : new Map([...inherited, ...own]);
  }

  private get methodsKey(): string {
    return `${this.onClass.KEY}:methods`;
  }

  private decorateClass(target: object, options: Options): void {
    InjectableAsDeclared()(target as never);
    this.onClass(options)(target as never);
    this.decorated.add(target);
  }

  private decorateMethod(target: object, method: string | symbol, options: Options): void {
    if (typeof target === 'function' || typeof method === 'symbol') {
      const { name } = typeof target === 'function' ? target : target.constructor;
      throw new WiringError(
        name,
        `${this.name} stands on ${String(method)}; put it on a named method of instances`,
      );
    }
    const { constructor: classRef } = target;
    const own = Reflect.getOwnMetadata(this.methodsKey, classRef) as Methods<Options> | undefined;
    Reflect.defineMetadata(this.methodsKey, new Map([...(own ?? []), [method, options]]), classRef);
    this.decorated.add(classRef);
  }
}
