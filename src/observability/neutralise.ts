/**
 * Characters that forge lines, move a terminal's cursor or turn the reading direction: C0 and C1 controls,
 * DEL, line and paragraph separators, bidirectional controls.
 */
// oxlint-disable-next-line no-control-regex -- finding them is the point
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const UNSAFE_ALL = new RegExp(UNSAFE.source, 'g');
const MAX_DEPTH = 4;

/** Nothing logs these on purpose. */
const SECRET = new Set(['authorization', 'Authorization', 'cookie', 'Cookie', 'secret', 'token']);

/** The text with each unsafe character written as its escape, `\u001b`. */
export function neutralise(text: string): string {
  return UNSAFE.test(text) ? text.replace(UNSAFE_ALL, escape) : text;
}

/**
 * A log line's fields with every text in them neutralised, and those whose name speaks of a secret left
 * out. Errors are left to their own serializer.
 */
export function neutraliseFields(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
  // Nearly every line is safe as it is; only one that is not is copied.
  let safe = fields;
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    const clean = SECRET.has(name) ? '[redacted]' : neutraliseValue(value, depth);
    if (clean === value) continue;
    if (safe === fields) safe = { ...fields };
    safe[name] = clean;
  }
  return safe;
}

function neutraliseValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return neutralise(value);
  if (typeof value !== 'object' || value === null || value instanceof Error || depth >= MAX_DEPTH)
    return value;
  if (Array.isArray(value)) return value.map((item) => neutraliseValue(item, depth + 1));
  return neutraliseFields(value as Record<string, unknown>, depth + 1);
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
