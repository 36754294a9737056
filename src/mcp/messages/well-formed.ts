/**
 * A lone surrogate in JSON text: `JSON.stringify` writes it as an escape, and a pair as it is (ECMA-262,
 * QuoteJSONString). The backslashes before it are those of an even number: escaped ones.
 */
const LONE_SURROGATE = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/**
 * The text, which `JSON.stringify` has written, with U+FFFD for each lone surrogate in its strings and keys: strict
 * parsers refuse the whole message otherwise. RFC 8259, section 8.2.
 */
export function wellFormedJson(json: string): string {
  return json.includes('\\ud') ? json.replace(LONE_SURROGATE, '$1\ufffd') : json;
}

/** The text, cut at `length` UTF-16 units, or one before where that would halve a surrogate pair. Well-formed. */
export function shortened(text: string, length: number): string {
  const halves = isSurrogate(text, length - 1, 0xd800) && isSurrogate(text, length, 0xdc00);
  return text.slice(0, halves ? length - 1 : length).toWellFormed();
}

/** `first`: of the 1,024 high or low ones. */
function isSurrogate(text: string, at: number, first: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= first && unit < first + 1_024;
}
