import { escapeInvisible } from '../lines/index.js';

const MAX_DEPTH = 4;

/** Names that are never logged. */
const SECRET = new Set(['authorization', 'Authorization', 'cookie', 'Cookie', 'secret', 'token']);

/**
 * Escapes invisible characters in every name and text of a log line's fields, and drops fields whose name suggests a
 * secret. Errors have their own serializer; levels below the fourth are dropped.
 */
export function sanitizeFields(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
  // Nearly every line is safe already; only an unsafe one is copied.
  let safe = fields;
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    const sanitizedName = escapeInvisible(name);
    const clean = SECRET.has(name) ? '[redacted]' : sanitizeValue(value, depth);
    if (clean === value && sanitizedName === name) continue;
    if (safe === fields) safe = { ...fields };
    if (sanitizedName !== name) delete safe[name];
    safe[sanitizedName] = clean;
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
