import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogEvent } from './recorded-logs.js';

/** A separate folder for the audit records of a test application. */
export class AuditFile {
  readonly directory = mkdtempSync(join(tmpdir(), 'audit-file-'));
  /** The value of `AUDIT_LOG`. */
  readonly path = join(this.directory, 'audit.jsonl');

  /** The records that have been written so far, oldest first. */
  records(): LogEvent[] {
    const lines = readFileSync(this.path, 'utf8').trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as LogEvent);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}
