/**
 * A lone surrogate in JSON text: `JSON.stringify` writes it as an escape, and a pair unescaped (ECMA-262,
 * QuoteJSONString). An even number of backslashes before it are escaped ones.
 */
const LONE_SURROGATE = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/**
 * Replaces each lone surrogate in text of `JSON.stringify` with U+FFFD: strict parsers would refuse the whole message.
 * RFC 8259, section 8.2.
 */
export function wellFormedJson(json: string): string {
  return json.includes('\\ud') ? json.replace(LONE_SURROGATE, '$1\ufffd') : json;
}

/** The text, cut at `length` UTF-16 units, or one earlier where that would split a surrogate pair. Well-formed. */
export function shortened(text: string, length: number): string {
  const halves = isSurrogate(text, length - 1, 0xd800) && isSurrogate(text, length, 0xdc00);
  return text.slice(0, halves ? length - 1 : length).toWellFormed();
}

/** `first`: of the 1,024 high or low surrogates. */
function isSurrogate(text: string, at: number, first: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= first && unit < first + 1_024;
}
