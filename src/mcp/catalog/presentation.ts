import type { PrimitiveOptions } from '../decorators/primitive-options.js';
import { WiringError } from '../decorators/wiring.error.js';

/** The list members that tools, resources and prompts share. */
export function presentation({ name, title, icons, meta }: PrimitiveOptions & { readonly name: string }) {
  return {
    name,
    ...(title === undefined ? {} : { title }),
    ...(icons === undefined ? {} : { icons: [...icons] }),
    ...(meta === undefined ? {} : { _meta: meta }),
  };
}

export function assertTimeout(timeoutMs: number | undefined, className: string): void {
  if (timeoutMs === undefined || (timeoutMs > 0 && timeoutMs < 2 ** 31)) return;
  throw new WiringError(className, 'timeoutMs must be between 1 and 2147483647 milliseconds');
}
