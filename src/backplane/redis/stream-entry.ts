import type { LogEntry } from '../logs.js';

/** An entry in the form of XRANGE and XREAD: an id, and names and values alternately. */
export type StreamEntry = [id: string, flat: string[]];

/** Without the fields of the engine, whose names begin with `_`. */
export function logEntryOf([offset, flat]: StreamEntry): LogEntry {
  const fields: Record<string, string> = {};
  for (let at = 0; at < flat.length; at += 2) {
    if (!flat[at]!.startsWith('_')) fields[flat[at]!] = flat[at + 1]!;
  }
  return { offset, fields };
}

/** Whether `a` is older than `b`. */
export function isBefore(a: string, b: string): boolean {
  const [aTime = '0', aNumber = '0'] = a.split('-');
  const [bTime = '0', bNumber = '0'] = b.split('-');
  return aTime === bTime ? BigInt(aNumber) < BigInt(bNumber) : BigInt(aTime) < BigInt(bTime);
}
