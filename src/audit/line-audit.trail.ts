import { Logger } from '@nestjs/common';
import type { AuditSettings } from '../config/index.js';
import { escapeInvisible } from '../lines/index.js';
import type { ArgumentDigest } from './argument.digest.js';
import type { AuditRecord } from './audit-record.js';
import { AuditStream } from './audit.stream.js';
import type { AuditTrail } from './audit-trail.js';

const COMPLAINT_INTERVAL_MS = 10_000;

/** Keeps records as lines of JSON, in a stream of their own. */
export class LineAuditTrail implements AuditTrail {
  readonly isOn = true;
  private readonly logger = new Logger('Audit');
  private stream: AuditStream | undefined;
  private complainedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly destination: Exclude<AuditSettings['destination'], 'off'>,
    private readonly digests: ArgumentDigest,
  ) {}

  /** Once, before the first record. Throws `ConfigurationError` where the file cannot be written. */
  open(): void {
    this.stream = new AuditStream(this.destination, (error) => this.complain(error));
  }

  write(record: AuditRecord): void {
    const line = JSON.stringify({ time: new Date().toISOString(), ...record });
    // Unlike the log's, a record's texts are not changed: JSON's own escapes say the same.
    this.stream?.write(`${escapeInvisible(line)}\n`);
  }

  digest(value: unknown): string {
    return this.digests.of(value);
  }

  /** What comes after the end of everything is not recorded. */
  close(): void {
    this.stream?.close();
    this.stream = undefined;
  }

  /** Once in a while: a full disk fails with every call. */
  private complain(error: Error): void {
    const now = performance.now();
    if (now < this.complainedAt + COMPLAINT_INTERVAL_MS) return;
    this.complainedAt = now;
    this.logger.error({ event: 'audit.failed', err: error });
  }
}
