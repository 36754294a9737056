/** A JSON Schema that is an object, as all are that the server lists. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The way to a place in a schema, or to a value in an instance. */
export type Path = readonly string[];

/** Keywords with one schema, with a list of schemas, and with schemas by name. JSON Schema 2020-12 and draft-07. */
const ONE = new Set([
  'items',
  'additionalItems',
  'additionalProperties',
  'unevaluatedItems',
  'unevaluatedProperties',
  'contains',
  'propertyNames',
  'not',
  'if',
  'then',
  'else',
  'contentSchema',
]);
const LIST = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems', 'items']);
const NAMED = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
  'dependencies',
]);

export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The schemas directly inside of one, each with its path. */
export function* subschemas(schema: JsonSchema): Generator<readonly [Path, JsonSchema]> {
  for (const [keyword, value] of Object.entries(schema)) {
    if (ONE.has(keyword) && isSchema(value)) yield [[keyword], value];
    const children = Array.isArray(value) ? LIST.has(keyword) : NAMED.has(keyword) && isSchema(value);
    if (!children) continue;
    for (const [key, child] of Object.entries(value as object)) {
      if (isSchema(child)) yield [[keyword, key], child];
    }
  }
}

/** The schema with `change` applied to itself and to every schema inside of it, innermost first. */
export function mapSchemas(
  schema: JsonSchema,
  change: (node: JsonSchema, path: Path) => JsonSchema,
  path: Path = [],
): JsonSchema {
  const below = (value: unknown, ...steps: string[]): unknown =>
    isSchema(value) ? mapSchemas(value, change, [...path, ...steps]) : value;
  const entries = Object.entries(schema).map(([keyword, value]): [string, unknown] => {
    if (Array.isArray(value)) {
      return [keyword, LIST.has(keyword) ? value.map((item, at) => below(item, keyword, String(at))) : value];
    }
    if (ONE.has(keyword)) return [keyword, below(value, keyword)];
    if (!NAMED.has(keyword) || !isSchema(value)) return [keyword, value];
    const named = Object.entries(value).map(([name, child]) => [name, below(child, keyword, name)]);
    return [keyword, Object.fromEntries(named)];
  });
  return change(Object.fromEntries(entries), path);
}

/** Where a reader of the schema finds it: `properties.total.pattern`. */
export function placeOf(path: Path): string {
  return path.length === 0 ? 'its root' : path.join('.');
}
