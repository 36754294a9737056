import type { ArgumentPath } from '../catalog/audit.policy.js';
import { isObject, shortened } from '../messages/json-rpc.js';

/** What an audit record contains of a call's arguments. */
export interface AuditedArguments {
  readonly argumentHash: string;
  readonly arguments: Readonly<Record<string, unknown>> | undefined;
}

const MAX_TEXT = 256;
const MAX_ELEMENTS = 16;

/** The value without the members at the paths; unchanged parts are not copied. */
export function without(value: unknown, paths: readonly ArgumentPath[]): unknown {
  return paths.reduce(withoutPath, value);
}

function withoutPath(value: unknown, [name, ...rest]: ArgumentPath): unknown {
  if (name === undefined) return value;
  if (Array.isArray(value)) return value.map((element) => withoutPath(element, [name, ...rest]));
  if (!isObject(value) || !Object.hasOwn(value, name)) return value;
  // Entries, not a spread with an assignment: a client may name an argument `__proto__`.
  const entries = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    if (key !== name) return [[key, inner]];
    return rest.length === 0 ? [] : [[key, withoutPath(inner, rest)]];
  });
  return Object.fromEntries(entries);
}

/** The plain values at the paths, by path; undefined where there are none. */
export function picked(
  value: unknown,
  paths: readonly ArgumentPath[],
): Readonly<Record<string, unknown>> | undefined {
  if (paths.length === 0) return undefined;
  const found = paths.flatMap((path): [string, unknown][] => {
    const plain = plainValue(valueAt(value, path));
    return plain === undefined ? [] : [[path.join('.'), plain]];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

function valueAt(value: unknown, [name, ...rest]: ArgumentPath): unknown {
  if (name === undefined) return value;
  if (Array.isArray(value)) return value.map((element) => valueAt(element, [name, ...rest]));
  return isObject(value) && Object.hasOwn(value, name) ? valueAt(value[name], rest) : undefined;
}

function plainValue(value: unknown): unknown {
  if (typeof value === 'string') return shortened(value, MAX_TEXT) + (value.length > MAX_TEXT ? '…' : '');
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (!Array.isArray(value)) return undefined;
  const plain = value.slice(0, MAX_ELEMENTS).map(plainValue);
  return plain.filter((element) => element !== undefined);
}
