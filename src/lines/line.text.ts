/**
 * Characters that forge lines, move a terminal's cursor, change the reading direction or are invisible. Unicode
 * Standard, section 4.5: controls (Cc), format characters (Cf), surrogates (Cs), line and paragraph separators (Zl,
 * Zp); and section 5.21: Default_Ignorable_Code_Point.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const INVISIBLE_ALL = new RegExp(INVISIBLE.source, 'gu');

/** Printable ASCII without the two characters that JSON escapes: nearly every text of a line. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** The text with each invisible character as JSON escapes (`\u001b`), one per UTF-16 unit. */
export function escapeInvisible(text: string): string {
  return INVISIBLE.test(text) ? text.replace(INVISIBLE_ALL, escape) : text;
}

/** The text as a JSON string of visible characters, which parses to the same text. */
export function jsonString(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : escapeInvisible(JSON.stringify(text));
}

/**
 * The text as a JSON string for a log line: invisible characters become visible escapes, so that the text is safe on a
 * terminal also after the line was parsed.
 */
export function logString(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(escapeInvisible(text));
}

function escape(character: string): string {
  let escaped = '';
  for (let at = 0; at < character.length; at += 1) {
    escaped += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}

let at = 0;
let text = '';

/** The time as ISO 8601 in UTC. Cached per millisecond, which many lines share under load. */
export function isoTime(): string {
  const now = Date.now();
  if (now !== at) text = new Date((at = now)).toISOString();
  return text;
}
