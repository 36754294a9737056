import { Logger } from '@nestjs/common';
import type { Request } from 'express';

/** Express's own reading of `TRUSTED_PROXIES`. */
type IsTrusted = (address: string, hop: number) => boolean;

/**
 * Warns once when `X-Forwarded-For` arrives from an address that `TRUSTED_PROXIES` does not list. Behind such a proxy all
 * clients have one address, and share what is limited by address.
 */
export class UnlistedProxyNotice {
  private readonly logger = new Logger('Http');
  private given = false;

  look({ app, headers, socket }: Request): void {
    if (this.given || headers['x-forwarded-for'] === undefined) return;
    const peer = socket.remoteAddress ?? '';
    if ((app.get('trust proxy fn') as IsTrusted)(peer, 0)) return;
    this.given = true;
    const reason =
      'X-Forwarded-For does not count from here: list the address in TRUSTED_PROXIES if a proxy has it';
    this.logger.warn({ event: 'http.proxy_not_trusted', peer, reason });
  }
}
