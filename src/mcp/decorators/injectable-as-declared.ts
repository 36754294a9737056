import { Injectable, type InjectableOptions } from '@nestjs/common';
import { SCOPE_OPTIONS_METADATA } from '@nestjs/common/constants.js';

/**
 * `@Injectable()` that keeps the scope of the class or a base class. The plain decorator would reset the scope of an
 * `@Injectable({ scope })` below it: the class would become a singleton shared by all callers.
 */
export function InjectableAsDeclared(): ClassDecorator {
  return (target) => {
    const declared = Reflect.getMetadata(SCOPE_OPTIONS_METADATA, target) as InjectableOptions | undefined;
    Injectable(declared)(target);
  };
}
