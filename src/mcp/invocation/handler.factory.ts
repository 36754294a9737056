import { Injectable } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import type { Handler } from '../catalog/entry.js';
import { WiringError } from '../catalog/wiring.error.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Makes the function behind an entry out of a method of its class. */
@Injectable()
export class HandlerFactory {
  /** Of a provider that Nest manages. Throws {@link WiringError} where it cannot be called. */
  forProvider(wrapper: Wrapper, method: string): Handler<unknown> {
    const className = wrapper.metatype?.name ?? String(wrapper.name);
    if (!wrapper.isDependencyTreeStatic()) {
      throw new WiringError(className, 'it or something it injects is request-scoped; make it a singleton');
    }
    return this.bind(wrapper.instance, method, className);
  }

  /** Of an object that somebody made. */
  forInstance(instance: object, method: string): Handler<unknown> {
    return this.bind(instance, method, instance.constructor.name);
  }

  private bind(instance: unknown, method: string, className: string): Handler<unknown> {
    const run = (instance as Record<string, unknown> | null)?.[method];
    if (typeof run !== 'function') throw new WiringError(className, `it has no ${method}(); add one`);
    return run.bind(instance) as Handler<unknown>;
  }
}
