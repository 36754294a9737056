import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { type DestinationStream, symbols } from 'pino';
import type { EventLevel, TextLogger } from '../lines/index.js';

/** Contexts of Nest's own start messages, useful for debugging the wiring only. */
const FRAMEWORK = new Set([
  'InstanceLoader',
  'NestFactory',
  'NestApplication',
  'RoutesResolver',
  'RouterExplorer',
]);

/** The parts of pino behind its public symbols. */
interface PinoParts {
  readonly [symbols.streamSym]: DestinationStream;
  readonly [symbols.timeSym]: () => string;
}

/** Nest's logger on pino; the framework's own start messages go to `debug`. */
@Injectable()
export class AppLogger extends Logger implements TextLogger {
  override log(message: unknown, ...optional: unknown[]): void {
    if (FRAMEWORK.has(String(optional.at(-1)))) this.debug(message, ...optional);
    else super.log(message, ...optional);
  }

  takes(level: EventLevel): boolean {
    return this.logger.logger.isLevelEnabled(level);
  }

  /** Writes the line that pino would make of the same fields to pino's destination. */
  writeText(level: EventLevel, context: string, fields: string): void {
    const { [symbols.streamSym]: stream, [symbols.timeSym]: time } = this.logger
      .logger as unknown as PinoParts;
    stream.write(`{"level":"${level}"${time()},"context":"${context}",${fields}}\n`);
  }
}
