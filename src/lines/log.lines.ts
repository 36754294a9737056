import { Logger, type LoggerService } from '@nestjs/common';
import type { LineWriter } from './line.writer.js';

/**
 * Characters that forge lines, move a terminal's cursor, change the reading direction or are invisible. Unicode
 * Standard, section 4.5: controls (Cc), format characters (Cf), surrogates (Cs), line and paragraph separators (Zl,
 * Zp); and section 5.21: Default_Ignorable_Code_Point.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const INVISIBLE_ALL = new RegExp(INVISIBLE.source, 'gu');

/** Printable ASCII without the two characters that JSON escapes: nearly every text of a line. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** The text with each invisible character as JSON escapes (`\u001b`), one per UTF-16 unit. */
export function escapeInvisible(text: string): string {
  return INVISIBLE.test(text) ? text.replace(INVISIBLE_ALL, escape) : text;
}

/** The text as a JSON string of visible characters, which parses to the same text. */
export function jsonString(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : escapeInvisible(JSON.stringify(text));
}

/**
 * The text as a JSON string for a log line: invisible characters become visible escapes, so that the text is safe on a
 * terminal also after the line was parsed.
 */
export function logString(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(escapeInvisible(text));
}

function escape(character: string): string {
  let escaped = '';
  for (let at = 0; at < character.length; at += 1) {
    escaped += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}

let at = 0;
let text = '';

/** The time as ISO 8601 in UTC. Cached per millisecond, which many lines share under load. */
export function isoTime(): string {
  const now = Date.now();
  if (now !== at) text = new Date((at = now)).toISOString();
  return text;
}

/** Levels of the lines written for each call. */
export type EventLevel = 'debug' | 'info';

/** A logger that accepts a line's fields as text. */
export interface TextLogger extends LoggerService {
  /** Whether lines of this level are written. */
  takes(level: EventLevel): boolean;
  /** `fields`: JSON members without the braces around them, of visible characters alone; see {@link logString}. */
  writeText(level: EventLevel, context: string, fields: string): void;
}

/**
 * A logger for per-call events: the line is built as text, without an object in between. Where the application's logger
 * is no {@link TextLogger}, it receives the fields as an object.
 */
export class EventLogger extends Logger implements TextLogger {
  /** The logger that writes lines of this level. Undefined: none does, and callers skip building them. */
  at(level: EventLevel): TextLogger | undefined {
    const own = this.localInstance;
    const logger = own !== undefined && 'writeText' in own ? (own as TextLogger) : this;
    return logger.takes(level) ? logger : undefined;
  }

  takes(level: EventLevel): boolean {
    return Logger.isLevelEnabled(level === 'info' ? 'log' : level);
  }

  writeText(level: EventLevel, _context: string, fields: string): void {
    const line: unknown = JSON.parse(`{${fields}}`);
    if (level === 'info') this.log(line);
    else this.debug(line);
  }
}

/** Waiting characters above which log lines are dropped. */
const MAX_WAITING = 2 ** 20;
const RESUME_AT = MAX_WAITING / 2;
const POLL_MS = 100;

/**
 * The destination of log lines: a {@link LineWriter}. If no program reads them, they are dropped above 1 MiB, and counted; `lostLine`
 * makes the line that reports the count, and is called when there is room again.
 */
export class LogLines {
  private lost = 0;

  constructor(
    private readonly writer: LineWriter,
    private readonly lostLine: (lines: number) => string,
  ) {}

  write(line: string): void {
    if (this.lost === 0 && this.writer.waiting < MAX_WAITING) return this.writer.write(line);
    this.lost += 1;
    if (this.lost > 1) return;
    // Before the writer's listener, which writes the rest when the process exits.
    process.prependListener('exit', this.reportLost);
    this.watch();
  }

  flushSync(): void {
    this.writer.flush();
  }

  private watch(): void {
    setTimeout(() => {
      if (this.writer.waiting < RESUME_AT) this.reportLost();
      else this.watch();
    }, POLL_MS).unref();
  }

  private readonly reportLost = (): void => {
    process.off('exit', this.reportLost);
    if (this.lost === 0) return;
    this.writer.write(this.lostLine(this.lost));
    this.lost = 0;
  };
}
