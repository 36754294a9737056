import type { LoggerService } from '@nestjs/common';
import type { TestApp } from './test-app.js';

export type LogEvent = Readonly<Record<string, unknown>>;

/** What an application in this process logs from here on, in place of writing it anywhere. */
export class RecordedLogs implements LoggerService {
  readonly all: unknown[] = [];

  static of({ app }: TestApp): RecordedLogs {
    const logs = new RecordedLogs();
    app.useLogger(logs);
    return logs;
  }

  log(message: unknown): void {
    this.all.push(message);
  }

  warn(message: unknown): void {
    this.all.push(message);
  }

  error(message: unknown): void {
    this.all.push(message);
  }

  events(event: string): LogEvent[] {
    return (this.all as LogEvent[]).filter((message) => message['event'] === event);
  }

  /** Why sessions ended, in order. */
  get endings(): unknown[] {
    return this.events('session.closed').map(({ reason }) => reason);
  }
}
