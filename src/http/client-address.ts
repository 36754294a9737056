import type { Express, Request } from 'express';

/**
 * Has `request.ip` look for proxies only where a request names one. Express collects the whole chain of addresses each
 * time that it is asked, several times for a call.
 */
export function quickAddress(prototype: Express['request']): void {
  const ofExpress = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(prototype), 'ip')!;
  Object.defineProperty(prototype, 'ip', {
    configurable: true,
    enumerable: true,
    get(this: Request): string | undefined {
      if (this.headers['x-forwarded-for'] === undefined) return this.socket.remoteAddress;
      return ofExpress.get!.call(this) as string | undefined;
    },
  });
}
