const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/**
 * How deep a JSON text nests and how many elements its arrays and objects have, counted before it is
 * parsed: so that neither the parser nor what comes after it meets a value that is made to exhaust it. The
 * text need not be valid; one that is not has an upper bound counted.
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
 * Whether a text is certain to nest no deeper than `most`: it opens no more than that, strings and all. Says
 * so of nearly every message, for a small part of what measuring it would cost.
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
