import type { LoggerService } from '@nestjs/common';
import { AppLogger } from '../../src/observability/index.js';
import type { TestApp } from './test-app.js';

export type LogEvent = Readonly<Record<string, unknown>>;

/** Records the log of an application in this process from now on. */
export class RecordedLogs implements LoggerService {
  readonly all: unknown[] = [];

  private constructor(private readonly journal: LoggerService) {}

  static of({ app }: TestApp): RecordedLogs {
    const logs = new RecordedLogs(app.get(AppLogger));
    app.useLogger(logs);
    return logs;
  }

  log(message: unknown, ...optional: unknown[]): void {
    this.all.push(message);
    this.journal.log(message, ...optional);
  }

  warn(message: unknown, ...optional: unknown[]): void {
    this.all.push(message);
    this.journal.warn(message, ...optional);
  }

  error(message: unknown, ...optional: unknown[]): void {
    this.all.push(message);
    this.journal.error(message, ...optional);
  }

  events(event: string): LogEvent[] {
    return (this.all as LogEvent[]).filter((message) => message['event'] === event);
  }

  /** The reasons for which sessions ended, in order. */
  get endings(): unknown[] {
    return this.events('session.closed').map(({ reason }) => reason);
  }
}
