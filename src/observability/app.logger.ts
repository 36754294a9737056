import { Injectable } from '@nestjs/common';
import { Logger, PinoLogger } from 'nestjs-pino';
import { type DestinationStream, symbols } from 'pino';
import type { LogSettings } from '../config/index.js';
import { type EventLevel, isoTime, type TextLogger } from '../lines/index.js';
import { logParams } from './log.options.js';

/** Contexts of Nest's own start messages, useful for debugging the wiring only. */
const FRAMEWORK = new Set([
  'InstanceLoader',
  'NestFactory',
  'NestApplication',
  'RoutesResolver',
  'RouterExplorer',
]);

/** Context of Nest's report of a failed start; the process prints the reason itself, once, before it exits. */
const START_FAILURE = 'ExceptionHandler';

/** The part of pino behind its public symbol. */
interface PinoParts {
  readonly [symbols.streamSym]: DestinationStream;
}

/** Nest's logger on pino; the framework's own start messages go to `debug`. */
@Injectable()
export class AppLogger extends Logger implements TextLogger {
  /** For the lines of the start, before providers exist. */
  static async of(settings: LogSettings): Promise<AppLogger> {
    const params = await logParams(settings);
    return new AppLogger(new PinoLogger(params), params);
  }

  override log(message: unknown, ...optional: unknown[]): void {
    if (FRAMEWORK.has(String(optional.at(-1)))) this.debug(message, ...optional);
    else super.log(message, ...optional);
  }

  override error(message: unknown, ...optional: unknown[]): void {
    if (optional.at(-1) !== START_FAILURE) super.error(message, ...optional);
  }

  takes(level: EventLevel): boolean {
    return this.logger.logger.isLevelEnabled(level);
  }

  /** Writes the line that pino would make of the same fields to pino's destination. */
  writeText(level: EventLevel, context: string, fields: string): void {
    const { [symbols.streamSym]: stream } = this.logger.logger as unknown as PinoParts;
    stream.write(`{"level":"${level}","time":"${isoTime()}","context":"${context}",${fields}}\n`);
  }
}
