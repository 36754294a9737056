import { Inject, Injectable } from '@nestjs/common';
import { Logger, type Params, PARAMS_PROVIDER_TOKEN, PinoLogger } from 'nestjs-pino';

/** What Nest tells of its own start: of interest to whoever debugs the wiring. */
const FRAMEWORK = new Set([
  'InstanceLoader',
  'NestFactory',
  'NestApplication',
  'RoutesResolver',
  'RouterExplorer',
]);

/** Nest's logger on pino, with the framework's own chatter moved to `debug`. */
@Injectable()
export class AppLogger extends Logger {
  private readonly debugs: boolean;

  constructor(pino: PinoLogger, @Inject(PARAMS_PROVIDER_TOKEN) params: Params) {
    super(pino, params);
    this.debugs = pino.logger.isLevelEnabled('debug');
  }

  override log(message: unknown, ...optional: unknown[]): void {
    if (FRAMEWORK.has(String(optional.at(-1)))) this.debug(message, ...optional);
    else super.log(message, ...optional);
  }

  /** Each call has a line of this level: where it is off, nothing is made for it. */
  override debug(message: unknown, ...optional: unknown[]): void {
    if (this.debugs) super.debug(message, ...optional);
  }
}
