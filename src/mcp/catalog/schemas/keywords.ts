import { isSchema, type JsonSchema, type Path } from './schema-tree.js';
import { SchemaProblem } from './schema-problem.js';

const TYPES: ReadonlySet<unknown> = new Set([
  'string',
  'number',
  'integer',
  'boolean',
  'object',
  'array',
  'null',
]);

/** The formats of `ajv-formats`. Strict clients refuse a schema with any other. */
export const KNOWN_FORMATS: ReadonlySet<unknown> = new Set(
  (
    'date time date-time iso-time iso-date-time duration uri uri-reference uri-template url email hostname ipv4 ' +
    'ipv6 regex uuid json-pointer json-pointer-uri-fragment relative-json-pointer byte int32 int64 float double ' +
    'password binary'
  ).split(' '),
);

type Check = readonly [expected: string, passes: (value: unknown) => boolean];

const isText = (value: unknown): boolean => typeof value === 'string';
const isList = (value: unknown): value is unknown[] => Array.isArray(value);
const isNames = (value: unknown): boolean =>
  isList(value) && value.every(isText) && new Set(value).size === value.length;
const isAnySchema = (value: unknown): boolean => isSchema(value) || typeof value === 'boolean';
const isPattern = (value: unknown): boolean => isText(value) && isValidPattern(value as string);

const TEXT: Check = ['must be a string', isText];
const FLAG: Check = ['must be true or false', (value) => typeof value === 'boolean'];
const NUMBER: Check = ['must be a number', Number.isFinite];
const COUNT: Check = [
  'must be a whole number, 0 or more',
  (value) => Number.isInteger(value) && Number(value) >= 0,
];
const SCHEMA: Check = ['must be a schema', isAnySchema];
const SCHEMAS: Check = [
  'must be a list of schemas, one at least',
  (value) => isList(value) && value.length > 0 && value.every(isAnySchema),
];
const NAMED: Check = [
  'must be an object of schemas',
  (value) => isSchema(value) && Object.values(value).every(isAnySchema),
];
const PATTERN: Check = ['must be a regular expression that is valid with the flag u', isPattern];
const NAMES: Check = ['must be a list of different strings', isNames];

/** The value that each keyword requires; a client's validator throws at any other. JSON Schema 2020-12. */
const KEYWORDS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ...both(['title', 'description', '$comment', 'format', 'contentEncoding', 'contentMediaType', '$id'], TEXT),
  ...both(['uniqueItems', 'deprecated', 'readOnly', 'writeOnly'], FLAG),
  ...both(['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'], NUMBER),
  ...both(['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'], COUNT),
  ...both(['minContains', 'maxContains'], COUNT),
  ...both(['additionalProperties', 'unevaluatedItems', 'unevaluatedProperties', 'contains'], SCHEMA),
  ...both(['items', 'propertyNames', 'not', 'if', 'then', 'else'], SCHEMA),
  ...both(['allOf', 'anyOf', 'oneOf', 'prefixItems'], SCHEMAS),
  ...both(['properties', '$defs', 'definitions', 'dependentSchemas'], NAMED),
  [
    'patternProperties',
    [
      'must be an object of schemas, its keys regular expressions that are valid with the flag u',
      (value) => NAMED[1](value) && Object.keys(value as object).every(isPattern),
    ],
  ],
  ['pattern', PATTERN],
  ['required', NAMES],
  [
    'dependencies',
    [
      'must be an object of schemas or lists of different strings',
      (value) => isSchema(value) && Object.values(value).every((one) => isAnySchema(one) || isNames(one)),
    ],
  ],
  [
    'dependentRequired',
    [
      'must be an object of lists of different strings',
      (value) => isSchema(value) && Object.values(value).every(isNames),
    ],
  ],
  [
    'type',
    [
      'must be a type of JSON, or a list of different ones',
      (value) =>
        TYPES.has(value) ||
        (isNames(value) && isList(value) && value.length > 0 && value.every((t) => TYPES.has(t))),
    ],
  ],
  ['enum', ['must be a list of values, one at least', (value) => isList(value) && value.length > 0]],
  ['examples', ['must be a list', isList]],
  ['multipleOf', ['must be a number greater than 0', (value) => Number.isFinite(value) && Number(value) > 0]],
  ['$anchor', ['must be a plain name', (value) => isText(value) && /^[A-Za-z_][\w.-]*$/.test(String(value))]],
]);

/** Keywords of 2020-12 with any value, and those checked elsewhere in this folder. */
const OTHERS: ReadonlySet<string> = new Set(
  'const default $schema $ref $dynamicRef $dynamicAnchor contentSchema nullable'.split(' '),
);

/** Whether a strict client knows the keyword. `x-…` are extensions; MCP defines one itself. */
export function isKeyword(keyword: string): boolean {
  return KEYWORDS.has(keyword) || OTHERS.has(keyword) || keyword.startsWith('x-');
}

/** Throws {@link SchemaProblem} for the first keyword of `node` that validators refuse. */
export function assertKeywords(node: JsonSchema, path: Path): void {
  for (const keyword of Object.keys(node)) {
    const check = KEYWORDS.get(keyword);
    if (check === undefined || check[1](node[keyword])) continue;
    throw new SchemaProblem([...path, keyword], check[0], 'correct it');
  }
}

export function isValidPattern(pattern: string): boolean {
  try {
    // oxlint-disable-next-line no-new -- the constructor is the check: it throws for an invalid pattern
    new RegExp(pattern, 'u');
    return true;
  } catch {
    return false;
  }
}

function both(keywords: readonly string[], check: Check): [string, Check][] {
  return keywords.map((keyword) => [keyword, check]);
}
