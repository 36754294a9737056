let at = 0;
let text = '';

/** The time as ISO 8601 in UTC. Under load many lines share a millisecond, and its text. */
export function isoTime(): string {
  const now = Date.now();
  if (now !== at) text = new Date((at = now)).toISOString();
  return text;
}
