import { escapeInvisible, isoTime, jsonString } from '../lines/index.js';
import type { AuditRecord } from './audit-record.js';

/**
 * A record as a line: what `JSON.stringify` makes of its time and its members, with invisible characters as escapes of
 * JSON. Unlike the log's, its texts are not changed.
 */
export function recordLine(record: AuditRecord): string {
  let line = `{"time":"${isoTime()}"`;
  // Names are those of `AuditRecord`: nothing in them has to be escaped.
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
