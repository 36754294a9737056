import type { JsonSchema } from './json-schema.js';
import { WiringError } from '../decorators/wiring.error.js';

const ANNOTATION = 'x-mcp-header';
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TYPES = new Set(['string', 'integer', 'boolean']);

/** An argument that clients repeat as the header `Mcp-Param-{name}`, for proxies that route by it. */
export interface ParamHeader {
  /** In lower case, as in Node's `headers`: `mcp-param-region`. */
  readonly header: string;
  /** The path of the value in the arguments. */
  readonly path: readonly string[];
}

/**
 * The arguments that a tool's schema marks with `x-mcp-header`. Throws {@link WiringError} for a mark that clients must
 * refuse. MCP 2026-07-28, Streamable HTTP, "Schema Extension".
 */
export function paramHeadersOf(schema: JsonSchema, className: string): ParamHeader[] {
  const found: ParamHeader[] = [];
  collect(schema, [], found, className);
  const names = new Set(found.map(({ header }) => header));
  if (names.size < found.length) throw refused('is given twice', className);
  if (countMarks(schema) > found.length) {
    throw refused('is at a place that clients do not read; mark a property of the object itself', className);
  }
  return found;
}

function collect(schema: JsonSchema, path: readonly string[], found: ParamHeader[], className: string): void {
  const properties = schema['properties'];
  if (!isSchema(properties)) return;
  for (const [key, property] of Object.entries(properties)) {
    if (!isSchema(property)) continue;
    const name = property[ANNOTATION];
    if (name !== undefined) {
      if (typeof name !== 'string' || !TOKEN.test(name)) throw refused('must be a header name', className);
      if (!TYPES.has(String(property['type']))) {
        throw refused('is for strings, integers and booleans', className);
      }
      found.push({ header: `mcp-param-${name.toLowerCase()}`, path: [...path, key] });
    }
    collect(property, [...path, key], found, className);
  }
}

function countMarks(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((total: number, item) => total + countMarks(item), 0);
  if (!isSchema(value)) return 0;
  return Object.entries(value).reduce(
    (total, [key, item]) => total + (key === ANNOTATION ? 1 : countMarks(item)),
    0,
  );
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refused(problem: string, className: string): WiringError {
  return new WiringError(className, `x-mcp-header in its input schema ${problem}`);
}
