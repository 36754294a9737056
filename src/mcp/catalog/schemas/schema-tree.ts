/** A JSON Schema that is an object, as all listed ones are. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The path of a subschema, or of a value in an instance. */
export type Path = readonly string[];

/** Keywords with one schema, with a list, and with schemas by name. JSON Schema 2020-12 and draft-07. */
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

/** The direct subschemas, each with its path. */
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

/** Applies `change` to the schema and all its subschemas, innermost first. Unchanged parts are not copied. */
export function mapSchemas(
  schema: JsonSchema,
  change: (node: JsonSchema, path: Path) => JsonSchema,
  path: Path = [],
): JsonSchema {
  let result = schema;
  for (const keyword of Object.keys(schema)) {
    const mapped = mapKeyword(keyword, schema[keyword], change, path);
    if (mapped !== schema[keyword]) result = { ...result, [keyword]: mapped };
  }
  return change(result, path);
}

function mapKeyword(
  keyword: string,
  value: unknown,
  change: (node: JsonSchema, path: Path) => JsonSchema,
  path: Path,
): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const isList = Array.isArray(value);
  if (!isList && ONE.has(keyword)) return mapSchemas(value as JsonSchema, change, [...path, keyword]);
  if (!(isList ? LIST : NAMED).has(keyword)) return value;
  let isSame = true;
  const entries = Object.entries(value).map(([key, child]): [string, unknown] => {
    const mapped = isSchema(child) ? mapSchemas(child, change, [...path, keyword, key]) : child;
    isSame &&= mapped === child;
    return [key, mapped];
  });
  if (isSame) return value;
  return isList ? entries.map(([, child]) => child) : Object.fromEntries(entries);
}

/** The path as text: `properties.total.pattern`. */
export function placeOf(path: Path): string {
  return path.length === 0 ? 'its root' : path.join('.');
}
