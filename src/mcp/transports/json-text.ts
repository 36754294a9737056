const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/**
 * The depth of a JSON text and the number of elements in its arrays and objects, counted before parsing, so that the
 * parser never gets a value made to exhaust it. The text need not be valid; for invalid text the result is an upper
 * bound.
 */
export function measureJson(text: string): { depth: number; elements: number } {
  let open = 0;
  let depth = 0;
  let elements = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case 0x5b: // [
      case 0x7b: // {
        open += 1;
        elements += 1;
        if (open > depth) depth = open;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        open -= 1;
        break;
      case COMMA:
        elements += 1;
        break;
    }
  }
  return { depth, elements };
}

/**
 * Whether a text certainly has at most `most` levels: it contains no more opening brackets, strings included. True for
 * nearly every message, at a small part of the cost of measuring.
 */
export function opensAtMost(text: string, most: number): boolean {
  let left = most;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      left -= 1;
      if (left < 0) return false;
    }
  }
  return true;
}

/** The index of the quote that closes the string opened at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}
