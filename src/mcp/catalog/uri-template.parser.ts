/** A part of a URI: a literal, or a variable of one or more characters other than `stops`. */
export type UriPart = { readonly literal: string } | { readonly name: string; readonly stops: string };

/** A parsed URI template. */
export interface ParsedUriTemplate {
  readonly parts: readonly UriPart[];
  /** The variables of `{?…}` or `{&…}` at its end, all optional. */
  readonly query: { readonly operator: '?' | '&'; readonly names: readonly string[] } | undefined;
}

/** RFC 3986, appendix A. */
const URI_TEXT = /^(?:[\w.~:/?#[\]@!$&'()*+,;=-]|%[\dA-Fa-f]{2})*$/;
const SCHEME = /^[A-Za-z][\dA-Za-z+.-]*:/;
/** RFC 6570, section 2.3, without percent-encoded names. */
const NAME = /^\w+(?:\.\w+)*$/;
/** End of a path segment, a path, or a parameter. */
const ENDS = '/?#&';

/** The text before an expression's variables, and the characters that values exclude. RFC 6570, section 3.2. */
const OPERATORS: Readonly<Record<string, { first: string; separator: string; stops: string }>> = {
  '': { first: '', separator: ',', stops: ENDS },
  '+': { first: '', separator: ',', stops: '' },
  '#': { first: '#', separator: ',', stops: '' },
  '.': { first: '.', separator: '.', stops: ENDS },
  '/': { first: '/', separator: '/', stops: ENDS },
  ';': { first: ';', separator: ';', stops: `${ENDS};` },
};

/** Whether a text is an absolute URI. RFC 3986, section 3. */
export function isUri(text: string): boolean {
  return SCHEME.test(text) && URI_TEXT.test(text) && URL.canParse(text);
}

/** Parses a URI template of RFC 6570, levels 1 to 3. Throws a `SyntaxError` that says how to correct it. */
export function parseUriTemplate(template: string): ParsedUriTemplate {
  const parts: UriPart[] = [];
  let query: ParsedUriTemplate['query'];
  for (const piece of template.split(/(\{[^{}]*\})/)) {
    if (piece === '') continue;
    if (query !== undefined) throw new SyntaxError('nothing may follow {?…} or {&…}');
    if (!piece.startsWith('{')) parts.push({ literal: literalOf(piece) });
    else {
      const { operator, names } = readExpression(piece);
      if (operator === '?' || operator === '&') query = { operator, names };
      else parts.push(...partsOf(operator, names));
    }
  }
  const parsed = { parts, query };
  assertSound(parsed);
  return parsed;
}

export function variablesOf({ parts, query }: ParsedUriTemplate): string[] {
  const names = parts.flatMap((part) => ('name' in part ? [part.name] : []));
  return [...names, ...(query?.names ?? [])];
}

export function literalsOf({ parts }: ParsedUriTemplate): string {
  return parts.map((part) => ('literal' in part ? part.literal : '')).join('');
}

function literalOf(text: string): string {
  if (/[{}]/.test(text)) throw new SyntaxError('a brace is not closed or not opened');
  if (!URI_TEXT.test(text))
    throw new SyntaxError(`percent-encode the characters that a URI cannot have in ${quoted(text)}`);
  return text;
}

function readExpression(expression: string): { operator: string; names: string[] } {
  const [, operator = '', list = ''] = /^\{([+#./;?&]?)(.*)\}$/s.exec(expression)!;
  const names = list.split(',');
  for (const name of names) {
    if (/[*:]/.test(name)) throw new SyntaxError(`${expression} is of level 4; leave "*" and ":" out`);
    if (!NAME.test(name)) {
      throw new SyntaxError(`${expression} needs names of letters, digits, "_" and "."`);
    }
  }
  return { operator, names };
}

function partsOf(operator: string, names: readonly string[]): UriPart[] {
  const { first, separator, stops } = OPERATORS[operator]!;
  return names.flatMap((name, index) => {
    const before = (index === 0 ? first : separator) + (operator === ';' ? `${name}=` : '');
    const variable = { name, stops: names.length > 1 ? stops + separator : stops };
    return before === '' ? [variable] : [{ literal: before }, variable];
  });
}

function assertSound(parsed: ParsedUriTemplate): void {
  const names = variablesOf(parsed);
  if (names.length === 0) throw new SyntaxError('it has no variable; give it as "uri" instead');
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new SyntaxError(`the variable ${quoted(twice)} occurs twice`);
  const [first] = parsed.parts;
  if (first === undefined || !('literal' in first) || !SCHEME.test(first.literal)) {
    throw new SyntaxError('begin it with a scheme, as in "user://{id}"');
  }
  const hasQuery = literalsOf(parsed).includes('?');
  if (parsed.query?.operator === '?' && hasQuery) throw new SyntaxError('it has a "?" already; use {&…}');
  if (parsed.query?.operator === '&' && !hasQuery) throw new SyntaxError('it has no "?" yet; use {?…}');
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
