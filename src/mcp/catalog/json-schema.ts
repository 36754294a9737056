import { DTO_VENDOR } from '../decorators/from-dto.js';
import { JSON_SCHEMA_VENDOR } from '../decorators/from-json-schema.js';
import type { Schema } from '../decorators/schema.js';
import { WiringError } from '../decorators/wiring.error.js';
import { assertKeywords, isKeyword, isValidPattern, KNOWN_FORMATS } from './schemas/keywords.js';
import { portablePattern } from './schemas/portable-pattern.js';
import { movedTo, REFERRING, withOwnReferences, withoutUnused } from './schemas/references.js';
import { assertSatisfiable } from './schemas/satisfiable.js';
import { SchemaProblem } from './schemas/schema-problem.js';
import { isSchema, type JsonSchema, mapSchemas, type Path } from './schemas/schema-tree.js';
import { assertCheap, MAX_QUADRATIC, zodOptions } from './schemas/zod-schemas.js';

export type { JsonSchema };

type Side = 'input' | 'output';

/** Values of `$schema` that clients know; they refuse a schema with another. */
const DIALECT = /^https?:\/\/json-schema\.org\/draft(\/2020-12|\/2019-09|-0[67])\/schema#?$/;

const DIALECT_2020 = /^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/;

/** Cache: the same schema is often shared, by an input and an output or by many tools. */
const made = new WeakMap<Schema, Partial<Record<Side, JsonSchema>>>();

/**
 * The JSON Schema (2020-12) of one side of a schema, as clients can compile it: its references resolve, its patterns
 * are valid with the flag `u`, its formats are known. Other constructs are converted where that keeps their meaning.
 * Throws {@link WiringError}, which names the class, the place in the schema and a remedy.
 */
export function jsonSchemaOf(schema: Schema, side: Side, what: string, className: string): JsonSchema {
  const known = made.get(schema)?.[side];
  if (known !== undefined) return known;
  const converted = convert(schema, side, what, className);
  try {
    const listed = listable(converted, schema['~standard'], side);
    made.set(schema, { ...made.get(schema), [side]: listed });
    return listed;
  } catch (error) {
    throw new WiringError(className, `its ${what} schema cannot be listed: ${reasonOf(error)}`);
  }
}

/** As {@link jsonSchemaOf}, for a schema that must describe an object. */
export function objectSchemaOf(
  schema: Schema,
  side: Side,
  what: string,
  className: string,
): JsonSchema & { readonly type: 'object' } {
  const definition = jsonSchemaOf(schema, side, what, className);
  if (definition['type'] !== 'object') {
    throw new WiringError(className, `its ${what} schema must describe an object, such as z.object({ … })`);
  }
  return definition as JsonSchema & { readonly type: 'object' };
}

/**
 * Wraps the schema of a value that is no object in `{ result }`, for revisions that allow objects only. Definitions
 * stay at the root; other references get the prefix `result`.
 */
export function inResultObject(schema: JsonSchema): JsonSchema & { readonly type: 'object' } {
  const { $schema, $defs, definitions, ...result } = movedTo('#/properties/result', schema);
  return {
    ...($schema === undefined ? {} : { $schema }),
    type: 'object',
    properties: { result },
    required: ['result'],
    ...($defs === undefined ? {} : { $defs }),
    ...(definitions === undefined ? {} : { definitions }),
  };
}

function convert(schema: Schema, side: Side, what: string, className: string): JsonSchema {
  const standard = (schema as Partial<Schema> | null)?.['~standard'];
  if (standard?.jsonSchema === undefined) {
    throw new WiringError(className, `its ${what} schema has no JSON Schema form; use zod 4.2 or later`);
  }
  const { jsonSchema, vendor } = standard;
  try {
    const libraryOptions = vendor === 'zod' ? { libraryOptions: zodOptions(side) } : {};
    const converted: unknown = jsonSchema[side]({ target: 'draft-2020-12', ...libraryOptions });
    // As serialized: without members that JSON drops. zod's result has none.
    const plain: unknown = vendor === 'zod' ? converted : JSON.parse(JSON.stringify(converted));
    if (plain === true) return {};
    if (isSchema(plain)) return plain;
    throw new TypeError(`it is ${JSON.stringify(plain)}`);
  } catch (error) {
    if (error instanceof SchemaProblem) {
      const problem = error.isUnrepresentable ? 'has no JSON Schema form' : 'cannot be listed';
      throw new WiringError(className, `its ${what} schema ${problem}: ${error.message}`);
    }
    throw new WiringError(
      className,
      `its ${what} schema has no JSON Schema form (${reasonOf(error)}); use types that JSON has, such as z.iso.datetime()`,
    );
  }
}

function listable(converted: JsonSchema, { vendor, validate }: Schema['~standard'], side: Side): JsonSchema {
  let refers = false;
  /** Members on the path of a reference are kept, also with unknown names (`#/components/schemas/…`). */
  const through = new Set<string | undefined>();
  const isListed = (keyword: string) => isKeyword(keyword) || through.has(keyword);
  const whole = mapSchemas(converted, (node, path) => {
    if (typeof node['$ref'] === 'string') through.add(node['$ref'].split('/')[1]);
    const isRewritten = Object.keys(node).some((keyword) => REWRITTEN.has(keyword) || !isListed(keyword));
    const listed = isRewritten ? rewritten(node, isListed, vendor, path) : node;
    assertKeywords(listed, path);
    refers ||= REFERRING.some((keyword) => listed[keyword] !== undefined);
    return listed;
  });
  const own = refers ? withOwnReferences(whole) : whole;
  assertSatisfiable(own);
  if (vendor === JSON_SCHEMA_VENDOR) {
    if (side === 'input') assertCheapPatterns(own);
    assertCompiles(validate);
    return own;
  }
  if (vendor === DTO_VENDOR && side === 'input') assertCheapPatterns(own);
  // MCP's default dialect is 2020-12, and clients with an older validator fail on the name.
  const { $schema: _dialect, ...definition } = own['$defs'] === undefined ? own : withoutUnused(own);
  return definition;
}

function assertDialect(dialect: unknown): void {
  if (dialect === undefined || (typeof dialect === 'string' && DIALECT_2020.test(dialect))) return;
  const remedy = 'write the definition in 2020-12, or leave "$schema" out if it is valid there';
  throw new SchemaProblem(['$schema'], 'names another dialect than JSON Schema 2020-12', remedy);
}

/** Compiles the schema with Ajv, which may know more than the table of keywords. */
function assertCompiles(validate: Schema['~standard']['validate']): void {
  try {
    void validate(undefined);
  } catch (error) {
    throw new TypeError(`it is no JSON Schema 2020-12 (${reasonOf(error)}); correct it`, { cause: error });
  }
}

/** Keywords that {@link rewritten} may change. */
const REWRITTEN: ReadonlySet<string> = new Set(
  '$schema format nullable pattern patternProperties allOf'.split(' '),
);

/** Removes or rewrites keywords for which a client's validator throws. */
function rewritten(
  node: JsonSchema,
  isListed: (keyword: string) => boolean,
  vendor: string,
  path: Path,
): JsonSchema {
  const known = Object.entries(node).filter(([keyword]) => isListed(keyword));
  const result: Record<string, unknown> = Object.fromEntries(known);
  // From OpenAPI 3.0.
  if (node['example'] !== undefined) result['examples'] ??= [node['example']];
  if (vendor === JSON_SCHEMA_VENDOR && path.length === 0) assertDialect(result['$schema']);
  if (typeof result['$schema'] === 'string' && !DIALECT.test(result['$schema'])) delete result['$schema'];
  if (typeof result['format'] === 'string' && !KNOWN_FORMATS.has(result['format'])) delete result['format'];
  if (result['nullable'] === true && typeof result['type'] === 'string') {
    result['type'] = [result['type'], 'null'];
    delete result['nullable'];
  }
  // From OpenAPI 3.0; without a type it has no effect, and Ajv throws.
  if (result['nullable'] !== undefined && result['type'] === undefined) {
    if (vendor === JSON_SCHEMA_VENDOR)
      throw new SchemaProblem([...path, 'nullable'], 'has no "type" beside it', 'add the type');
    delete result['nullable'];
  }
  if (typeof result['pattern'] === 'string') result['pattern'] = withFlagU(result['pattern']);
  if (isSchema(result['patternProperties'])) {
    const patterns = Object.entries(result['patternProperties']);
    result['patternProperties'] = Object.fromEntries(patterns.map(([key, value]) => [withFlagU(key), value]));
  }
  // zod strips unknown properties and merges the rest, so a property known to the other part remains.
  const parts = result['allOf'];
  if (vendor === 'zod' && Array.isArray(parts) && parts.length > 1 && parts.every(isObjectSchema)) {
    result['allOf'] = parts.map(open);
    result['type'] ??= 'object';
  }
  return result;
}

function withFlagU(pattern: string): string {
  if (isValidPattern(pattern)) return pattern;
  try {
    return portablePattern(new RegExp(pattern)) ?? pattern;
  } catch {
    return pattern;
  }
}

function isObjectSchema(part: unknown): part is JsonSchema {
  return isSchema(part) && part['type'] === 'object';
}

function open(part: JsonSchema): JsonSchema {
  if (part['additionalProperties'] !== false) return part;
  const { additionalProperties: _closed, ...rest } = part;
  return rest;
}

/** Checks every pattern that strings of clients are matched against, with the length checked before it. */
function assertCheapPatterns(schema: JsonSchema): void {
  mapSchemas(schema, (node, path) => {
    const bounded = `"maxLength": ${MAX_QUADRATIC}`;
    if (typeof node['pattern'] === 'string') {
      const maxLength = typeof node['maxLength'] === 'number' ? node['maxLength'] : Number.POSITIVE_INFINITY;
      assertCheap(new RegExp(node['pattern'], 'u'), maxLength, [...path, 'pattern'], bounded);
    }
    for (const key of Object.keys((node['patternProperties'] as object | undefined) ?? {})) {
      assertCheap(
        new RegExp(key, 'u'),
        Number.POSITIVE_INFINITY,
        [...path, 'patternProperties', key],
        bounded,
      );
    }
    return node;
  });
}

function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return 'it is nested too deeply; make it shallower';
  return error instanceof Error ? error.message : String(error);
}
