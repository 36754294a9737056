import { Logger } from '@nestjs/common';
import { type AuditSettings, ConfigurationError } from '../config/index.js';
import { escapeInvisible, isoTime, jsonString, LineWriter } from '../lines/index.js';
import type { AuditRecord } from './audit-record.js';
import type { AuditTrail } from './audit-trail.js';

const COMPLAINT_INTERVAL_MS = 10_000;
/** With this many characters waiting to be written, no further call starts. */
const FULL = 4 * 2 ** 20;
/** In characters. The records of calls in flight may still wait; beyond this they are lost. */
const MAX_WAITING = 16 * 2 ** 20;

/** Writes records as lines of JSON: to a file of their own, or between the lines of the log. */
export class LineAuditTrail implements AuditTrail {
  readonly isOn = true;
  readonly settled?: () => Promise<void> | undefined;
  private readonly logger = new Logger('Audit');
  private writer: LineWriter | undefined;
  private complainedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly destination: Exclude<AuditSettings['destination'], 'off'>,
    readonly digest: AuditTrail['digest'],
    /** `AUDIT_SYNC`. */
    private readonly sync = false,
  ) {
    if (sync) this.settled = () => this.writer?.written();
  }

  /** Call once, before the first record. Throws `ConfigurationError` where the file cannot be written. */
  open(): void {
    const { destination } = this;
    if (typeof destination !== 'object') this.writer = LineWriter.standard(destination === 'stdout' ? 1 : 2);
    else {
      try {
        this.writer = LineWriter.file(destination.file);
      } catch (error) {
        throw notWritable(error);
      }
      process.on('SIGHUP', this.reopen);
    }
    this.writer.onError(this.complain);
  }

  write(record: AuditRecord): void {
    if (this.writer === undefined) return;
    if (this.writer.waiting > MAX_WAITING) {
      return this.complain(new Error('Too many records wait to be written: one is lost'));
    }
    this.writer.write(recordLine(record));
    if (this.sync) this.writer.flush();
  }

  get isFull(): boolean {
    return this.writer !== undefined && this.writer.waiting >= FULL;
  }

  /** Records after this are dropped. */
  close(): void {
    const { writer } = this;
    this.writer = undefined;
    if (writer === undefined) return;
    if (typeof this.destination === 'object') {
      process.off('SIGHUP', this.reopen);
      writer.close();
    } else writer.flush();
    writer.offError(this.complain);
  }

  private readonly reopen = (): void => {
    try {
      this.writer?.reopen();
    } catch (error) {
      this.complain(error as Error);
    }
  };

  /** Logs at intervals only: a full disk fails repeatedly. */
  private readonly complain = (error: Error): void => {
    const now = performance.now();
    if (now < this.complainedAt + COMPLAINT_INTERVAL_MS) return;
    this.complainedAt = now;
    this.logger.error({ event: 'audit.failed', err: error });
  };
}

function notWritable(error: unknown): ConfigurationError {
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  const reason = `names a file that can't be written (${code})`;
  return new ConfigurationError([{ name: 'AUDIT_LOG', reason, example: 'AUDIT_LOG=stdout' }]);
}

/**
 * A record as a line: `JSON.stringify` of its time and members, with invisible characters as JSON escapes. Unlike log
 * lines, its texts are not changed.
 */
export function recordLine(record: AuditRecord): string {
  let line = `{"time":"${isoTime()}"`;
  // The names are those of `AuditRecord`: none needs escaping.
  for (const name in record) {
    const value = record[name as keyof AuditRecord] as unknown;
    if (value === undefined) continue;
    line += `,"${name}":`;
    if (typeof value === 'string') line += jsonString(value);
    else if (typeof value === 'object') line += escapeInvisible(JSON.stringify(value));
    else line += JSON.stringify(value);
  }
  return `${line}}\n`;
}
