import type { Posting } from './era.js';

/** The headers of a POST, completed from `defaults`. All lists are name, value, name, value. */
export function withDefaults(
  { headers = [], token, without = [] }: Posting,
  defaults: readonly string[],
): string[] {
  const given = token === undefined ? headers : [...headers, 'Authorization', `Bearer ${token}`];
  const names = [...without, ...given.filter((_text, at) => at % 2 === 0)];
  const named = new Set(names.map((name) => name.toLowerCase()));
  const kept = defaults.flatMap((name, at) =>
    at % 2 === 0 && !named.has(name.toLowerCase()) ? [name, defaults[at + 1]!] : [],
  );
  return [...given, ...kept];
}

/** A POST's head, up to its last header. */
export function headText(target: string, url: string, headers: readonly string[]): string {
  const lines = headers.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${headers[at + 1]!}`] : []));
  return [`POST ${target} HTTP/1.1`, `Host: ${new URL(url).host}`, ...lines, ''].join('\r\n');
}

/** A list of name, value, name, value as an object. */
export function pairs(headers: readonly string[]): Record<string, string> {
  return Object.fromEntries(headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]!]] : [])));
}
