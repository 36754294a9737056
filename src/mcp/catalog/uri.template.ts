import {
  literalsOf,
  type ParsedUriTemplate,
  parseUriTemplate,
  type UriPart,
  variablesOf,
} from './uri-template.parser.js';

/** The values of a URI template's variables, decoded, by name. */
export type UriVariables = Readonly<Record<string, string>>;

/** Names no resource: `..` in a path that a value may become part of, or NUL, which ends a C string. */
const UNSAFE = /(?:^|[\\/])\.\.(?:[\\/]|$)|\0/;
// oxlint-disable-next-line no-control-regex -- the point is to find them
const CONTROL = /[\0-\x1f\x7f]/;

/**
 * Matches URIs against a URI template: RFC 6570, levels 1 to 3. Takes time linear in the length of the URI. Where
 * several matches are possible, earlier variables take as much as they can.
 */
export class UriTemplate {
  /** The text before the first variable. */
  readonly prefix: string;
  readonly variables: readonly string[];
  private readonly parsed: ParsedUriTemplate;
  /** Number of `&` before the variables of `{&…}`. */
  private readonly ampersands: number;

  /** Throws a `SyntaxError` that says how to correct the template. */
  constructor(template: string) {
    this.parsed = parseUriTemplate(template);
    this.variables = variablesOf(this.parsed);
    const [first] = this.parsed.parts;
    this.prefix = first !== undefined && 'literal' in first ? first.literal : '';
    this.ampersands = literalsOf(this.parsed).split('&').length - 1;
  }

  /**
   * The variables of `uri`; query variables only where present. Undefined: no match, or a value is badly encoded or
   * holds a `..` segment or a NUL.
   */
  match(uri: string): UriVariables | undefined {
    if (!uri.startsWith(this.prefix) || CONTROL.test(uri)) return undefined;
    const [path, query] = this.split(uri);
    const found = matchParts(this.parsed.parts, path);
    if (found === undefined) return undefined;
    const raw = query === undefined ? found : this.matchQuery(query, found);
    return raw && decodeAll(raw);
  }

  /** The URI before the query variables, and the query. */
  private split(uri: string): [string, string | undefined] {
    const { query } = this.parsed;
    if (query === undefined) return [uri, undefined];
    let at = query.operator === '?' ? uri.indexOf('?') : uri.indexOf('&');
    if (query.operator === '&') {
      for (let passed = 0; passed < this.ampersands && at !== -1; passed += 1) at = uri.indexOf('&', at + 1);
    }
    return at === -1 ? [uri, undefined] : [uri.slice(0, at), uri.slice(at + 1)];
  }

  private matchQuery(query: string, found: Map<string, string>): Map<string, string> | undefined {
    if (query.includes('#')) return undefined;
    for (const pair of query.split('&')) {
      const at = pair.indexOf('=');
      const name = pair.slice(0, at);
      if (at === -1 || found.has(name) || !this.parsed.query!.names.includes(name)) return undefined;
      found.set(name, pair.slice(at + 1));
    }
    return found;
  }
}

/** The raw value of each variable. Undefined: the parts do not match. */
function matchParts(parts: readonly UriPart[], uri: string): Map<string, string> | undefined {
  const width = uri.length + 1;
  /** Whether the parts from an index on match the rest of the URI from a position on. */
  const fits = new Uint8Array((parts.length + 1) * width);
  fits[fits.length - 1] = 1;
  for (let p = parts.length - 1; p >= 0; p -= 1) fit(parts[p]!, uri, fits, p * width);
  if (fits[0] === 0) return undefined;
  const found = new Map<string, string>();
  let at = 0;
  for (const [p, part] of parts.entries()) {
    const from = at;
    if ('literal' in part) at += part.literal.length;
    else {
      do at += 1;
      while (fits[p * width + at] === 1);
      found.set(part.name, uri.slice(from, at));
    }
  }
  return found;
}

/** Computes the positions at which a part may begin, given those of the next part. */
function fit(part: UriPart, uri: string, fits: Uint8Array, row: number): void {
  const next = row + uri.length + 1;
  if ('literal' in part) {
    const { literal } = part;
    for (let at = uri.length - literal.length; at >= 0; at -= 1) {
      if (fits[next + at + literal.length] === 1 && uri.startsWith(literal, at)) fits[row + at] = 1;
    }
    return;
  }
  for (let at = uri.length - 1; at >= 0; at -= 1) {
    const goesOn = fits[next + at + 1] === 1 || fits[row + at + 1] === 1;
    if (goesOn && !part.stops.includes(uri[at]!)) fits[row + at] = 1;
  }
}

function decodeAll(raw: Map<string, string>): UriVariables | undefined {
  const decoded = [...raw].map(([name, value]) => [name, decode(value)] as const);
  if (decoded.some(([, value]) => value === undefined || UNSAFE.test(value))) return undefined;
  return Object.fromEntries(decoded) as UriVariables;
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
