import { Logger, type LoggerService } from '@nestjs/common';

/** The levels of lines that are written for each call. */
export type EventLevel = 'debug' | 'info';

/** A logger that takes the fields of a line as text. */
export interface TextLogger extends LoggerService {
  /** Whether lines of this level are written. */
  takes(level: EventLevel): boolean;
  /** `fields`: JSON members without the braces around them, of visible characters alone; see `logString`. */
  writeText(level: EventLevel, context: string, fields: string): void;
}

/**
 * A logger for events that happen at each call: the line is made as text, with no object in between. Where the
 * application logs by another logger than {@link TextLogger}, that one gets the fields as an object.
 */
export class EventLogger extends Logger {
  constructor(private readonly name: string) {
    super(name);
  }

  /** Whether lines of this level are written: nothing need be made where they are not. */
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

/** There is none where logs are switched off. */
function isTextLogger(logger: LoggerService | undefined): logger is TextLogger {
  return logger !== undefined && 'writeText' in logger;
}
