import { Logger, type LoggerService } from '@nestjs/common';

/** Levels of the lines written for each call. */
export type EventLevel = 'debug' | 'info';

/** A logger that accepts a line's fields as text. */
export interface TextLogger extends LoggerService {
  /** Whether lines of this level are written. */
  takes(level: EventLevel): boolean;
  /** `fields`: JSON members without the braces around them, of visible characters alone; see `logString`. */
  writeText(level: EventLevel, context: string, fields: string): void;
}

/**
 * A logger for per-call events: the line is built as text, without an object in between. Where the application's logger
 * is no {@link TextLogger}, it receives the fields as an object.
 */
export class EventLogger extends Logger {
  constructor(private readonly name: string) {
    super(name);
  }

  /** Whether lines of this level are written; callers skip building them otherwise. */
  takes(level: EventLevel): boolean {
    const own = this.localInstance;
    return isTextLogger(own) ? own.takes(level) : Logger.isLevelEnabled(level === 'info' ? 'log' : level);
  }

  /** Writes one line. `fields` as in {@link TextLogger.writeText}. */
  event(level: EventLevel, fields: string): void {
    const own = this.localInstance;
    if (isTextLogger(own)) return own.writeText(level, this.name, fields);
    const line: unknown = JSON.parse(`{${fields}}`);
    if (level === 'info') this.log(line);
    else this.debug(line);
  }
}

/** There is no logger where logs are off. */
function isTextLogger(logger: LoggerService | undefined): logger is TextLogger {
  return logger !== undefined && 'writeText' in logger;
}
