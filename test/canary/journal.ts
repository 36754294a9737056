import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What a run keeps of its servers: their logs, their audit records, what they answered in errors, and the secrets
 * that they have made for themselves, one on a line.
 */
export type JournalKind = 'log' | 'process' | 'audit' | 'error' | 'secret';

/** Set by the reporter, for the workers: the folder of this run's journals. */
export const JOURNAL_FOLDER = 'CANARY_JOURNAL';

const open = new Map<string, number>();

/** Where this worker keeps them; undefined where no reporter reads them. */
export function journalFile(kind: JournalKind): string | undefined {
  const folder = process.env[JOURNAL_FOLDER];
  return folder === undefined ? undefined : join(folder, `${kind}-${process.pid}.txt`);
}

export function journal(kind: JournalKind, text: string): void {
  const file = journalFile(kind);
  if (file === undefined) return;
  let descriptor = open.get(file);
  if (descriptor === undefined) open.set(file, (descriptor = openSync(file, 'a')));
  writeSync(descriptor, text);
}
