import { escapeInvisible } from '../lines/index.js';

const MAX_DEPTH = 4;

/** Nothing logs these on purpose. */
const SECRET = new Set(['authorization', 'Authorization', 'cookie', 'Cookie', 'secret', 'token']);

/**
 * A log line's fields with the invisible characters of every name and text escaped, and those whose name speaks of a
 * secret left out. Errors are left to their own serializer; what lies deeper than four levels is left out.
 */
export function sanitizeFields(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
  // Nearly every line is safe as it is; only one that is not is copied.
  let safe = fields;
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    const cleanName = escapeInvisible(name);
    const clean = SECRET.has(name) ? '[redacted]' : sanitizeValue(value, depth);
    if (clean === value && cleanName === name) continue;
    if (safe === fields) safe = { ...fields };
    if (cleanName !== name) delete safe[name];
    safe[cleanName] = clean;
  }
  return safe;
}

function sanitizeValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return escapeInvisible(value);
  if (typeof value !== 'object' || value === null || value instanceof Error) return value;
  if (depth >= MAX_DEPTH) return '[too deep]';
  if (Array.isArray(value)) return value.map((item) => sanitizeValue(item, depth + 1));
  return sanitizeFields(value as Record<string, unknown>, depth + 1);
}
