import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { type DestinationStream, symbols } from 'pino';
import type { EventLevel, TextLogger } from '../lines/index.js';

/** What Nest tells of its own start: of interest to whoever debugs the wiring. */
const FRAMEWORK = new Set([
  'InstanceLoader',
  'NestFactory',
  'NestApplication',
  'RoutesResolver',
  'RouterExplorer',
]);

/** What pino's symbols lead to: they are a part of its interface. */
interface PinoParts {
  readonly [symbols.streamSym]: DestinationStream;
  readonly [symbols.timeSym]: () => string;
}

/** Nest's logger on pino, with the framework's own chatter moved to `debug`. */
@Injectable()
export class AppLogger extends Logger implements TextLogger {
  override log(message: unknown, ...optional: unknown[]): void {
    if (FRAMEWORK.has(String(optional.at(-1)))) this.debug(message, ...optional);
    else super.log(message, ...optional);
  }

  takes(level: EventLevel): boolean {
    return this.logger.logger.isLevelEnabled(level);
  }

  /** The line that pino would make of the same fields, to where pino writes its lines. */
  writeText(level: EventLevel, context: string, fields: string): void {
    const { [symbols.streamSym]: stream, [symbols.timeSym]: time } = this.logger
      .logger as unknown as PinoParts;
    stream.write(`{"level":"${level}"${time()},"context":"${context}",${fields}}\n`);
  }
}
