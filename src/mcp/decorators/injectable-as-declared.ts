import { Injectable, type InjectableOptions } from '@nestjs/common';
import { SCOPE_OPTIONS_METADATA } from '@nestjs/common/constants.js';

/**
 * `@Injectable()` with the scope that the class, or a class that it extends, declares. The plain one replaces a scope
 * that an `@Injectable({ scope })` below it has set by none: the class becomes a singleton, which all callers share.
 */
export function InjectableAsDeclared(): ClassDecorator {
  return (target) => {
    const declared = Reflect.getMetadata(SCOPE_OPTIONS_METADATA, target) as InjectableOptions | undefined;
    Injectable(declared)(target);
  };
}
