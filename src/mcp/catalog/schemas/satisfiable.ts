import { targetOf } from './references.js';
import { isSchema, type JsonSchema, type Path } from './schema-tree.js';
import { SchemaProblem } from './schema-problem.js';

const ALL_TYPES = ['string', 'number', 'boolean', 'object', 'array', 'null'] as const;
/** Keywords that, beside a type, never conflict with another of them. */
const HARMLESS: ReadonlySet<string> = new Set(
  'type title description default examples format pattern maximum maxLength maxItems items'.split(' '),
);
/** Maximum number of visited schemas; a larger one is not checked. */
const MAX_VISITS = 5_000;

/** Throws {@link SchemaProblem} for a schema that provably accepts no value. */
export function assertSatisfiable(root: JsonSchema): void {
  const place = new Satisfiability(root).impossible([root], []);
  if (place === undefined) return;
  throw new SchemaProblem(
    place,
    'no value can pass',
    'remove what contradicts it; a record that is joined to an object has to allow the properties of the object',
  );
}

class Satisfiability {
  private visits = 0;
  private readonly open: (readonly unknown[])[] = [];
  private readonly plain = new Map<JsonSchema, JsonSchema>();

  constructor(private readonly root: JsonSchema) {}

  /** The path at which no value can satisfy all of `schemas`. Undefined: some value may. */
  impossible(schemas: readonly unknown[], path: Path): Path | undefined {
    this.visits += 1;
    if (this.visits > MAX_VISITS || (schemas.length === 1 && isSimple(schemas[0]))) return undefined;
    const all = schemas.flatMap((schema) => this.parts(schema));
    if (all.includes(false)) return path;
    const nodes = all.filter(isSchema);
    // Values are finite: a schema that requires itself accepts none.
    const isOpen = this.open.some(
      (before) => before.length === nodes.length && before.every((node, at) => node === nodes[at]),
    );
    if (isOpen) return path;
    this.open.push(nodes);
    try {
      return this.contradiction(nodes, path);
    } finally {
      this.open.pop();
    }
  }

  /** A schema and all others that apply with it. */
  private parts(schema: unknown, seen: readonly unknown[] = []): unknown[] {
    if (!isSchema(schema) || seen.includes(schema)) return [schema];
    const target = schema['$ref'] === undefined ? undefined : targetOf(schema['$ref'], this.root);
    const joined = [target, ...listOf(schema['allOf'])].filter((part) => part !== undefined);
    return [schema, ...joined.flatMap((part) => this.parts(part, [...seen, schema]))];
  }

  private contradiction(nodes: readonly JsonSchema[], path: Path): Path | undefined {
    const types = nodes.reduce<readonly string[]>(
      (left, node) => left.filter((type) => takes(node, type)),
      ALL_TYPES,
    );
    if (types.length === 0) return path;
    if (nodes.some(({ not }) => not === true || (isSchema(not) && Object.keys(not).length === 0)))
      return path;
    if (bound(nodes, 'minLength', 'maxLength') && only(types, 'string')) return path;
    if (bound(nodes, 'minimum', 'maximum') && only(types, 'number')) return path;
    if (bound(nodes, 'minItems', 'maxItems') && only(types, 'array')) return path;
    if (only(types, 'object')) {
      const missing = this.impossibleProperty(nodes, path);
      if (missing !== undefined) return missing;
    }
    for (const node of nodes) {
      for (const keyword of ['anyOf', 'oneOf']) {
        const choices = listOf(node[keyword]);
        const own = nodes.map((each) => this.withoutChoices(each));
        const failing = choices.map((choice) => this.impossible([...own, choice], path));
        if (choices.length > 0 && failing.every((place) => place !== undefined)) return path;
      }
    }
    return undefined;
  }

  /** Returns the same object each time, so that cycles are recognised. */
  private withoutChoices(node: JsonSchema): JsonSchema {
    const known = this.plain.get(node);
    if (known !== undefined) return known;
    const { anyOf: _any, oneOf: _one, allOf: _all, $ref: _ref, ...rest } = node;
    this.plain.set(node, rest);
    return rest;
  }

  private impossibleProperty(nodes: readonly JsonSchema[], path: Path): Path | undefined {
    const required = new Set(nodes.flatMap((node) => listOf(node['required']) as string[]));
    for (const name of required) {
      const place = this.impossible(
        nodes.flatMap((node) => constraintsOn(name, node)),
        [...path, 'properties', name],
      );
      if (place !== undefined) return place;
    }
    return undefined;
  }
}

/** Only a type, as in most properties. */
function isSimple(schema: unknown): boolean {
  if (!isSchema(schema) || typeof schema['type'] !== 'string') return false;
  return schema['type'] !== 'object' && Object.keys(schema).every((keyword) => HARMLESS.has(keyword));
}

function constraintsOn(name: string, node: JsonSchema): unknown[] {
  const properties = isSchema(node['properties']) ? node['properties'] : {};
  const patterns = Object.entries(isSchema(node['patternProperties']) ? node['patternProperties'] : {});
  const matching = patterns
    .filter(([pattern]) => new RegExp(pattern, 'u').test(name))
    .map(([, schema]) => schema);
  const own = Object.hasOwn(properties, name) ? [properties[name], ...matching] : matching;
  if (own.length > 0) return own;
  return node['additionalProperties'] === undefined ? [] : [node['additionalProperties']];
}

function takes(node: JsonSchema, type: string): boolean {
  const { type: own } = node;
  const named = (Array.isArray(own) ? own : [own]).map((each) => (each === 'integer' ? 'number' : each));
  if (own !== undefined && !named.includes(type)) return false;
  if (Object.hasOwn(node, 'const') && typeOf(node['const']) !== type) return false;
  const values = node['enum'];
  return !Array.isArray(values) || values.some((value) => typeOf(value) === type);
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function only(types: readonly string[], type: string): boolean {
  return types.length === 1 && types[0] === type;
}

/** Whether the highest lower bound exceeds the lowest upper bound. */
function bound(nodes: readonly JsonSchema[], low: string, high: string): boolean {
  const lows = nodes.map((node) => node[low]).filter((value) => typeof value === 'number');
  const highs = nodes.map((node) => node[high]).filter((value) => typeof value === 'number');
  return Math.max(Number.NEGATIVE_INFINITY, ...lows) > Math.min(Number.POSITIVE_INFINITY, ...highs);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
