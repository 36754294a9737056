import { isSchema, type JsonSchema, mapSchemas, type Path, subschemas } from './schema-tree.js';
import { SchemaProblem } from './schema-problem.js';

const SAFE_NAME = /^[\w.-]+$/;
const DEFINITIONS = ['$defs', 'definitions'] as const;
/** Keywords that {@link withOwnReferences} rewrites; it returns a schema without them unchanged. */
export const REFERRING = ['$ref', '$id', '$dynamicRef', '$dynamicAnchor'] as const;
/** Keywords whose schemas apply to the same value: a cycle of them never ends. */
const IN_PLACE = new Set(['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else']);

/** The schema that a JSON pointer `#…` points to. Undefined: there is none. */
export function targetOf(ref: unknown, root: JsonSchema): JsonSchema | boolean | undefined {
  if (typeof ref !== 'string' || !/^#(\/|$)/.test(ref)) return undefined;
  let at: unknown = root;
  for (const token of tokensOf(ref)) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, token)) return undefined;
    at = (at as Record<string, unknown>)[token];
  }
  return isSchema(at) || typeof at === 'boolean' ? at : undefined;
}

/**
 * The same schema with every reference as a JSON pointer from its root, definition names that need no escape, and no
 * reference at its root. `$id` is removed: a client cannot compile two tools that share one. Throws {@link
 * SchemaProblem} for a reference that points nowhere, outside the schema, or in a cycle.
 */
export function withOwnReferences(schema: JsonSchema): JsonSchema {
  const renamed = withSafeNames(withPointers(schema));
  const root = withoutRootReference(renamed);
  mapSchemas(root, (node, path) => {
    if (node['$ref'] === undefined || targetOf(node['$ref'], root) !== undefined) return node;
    throw leadsNowhere(path, node['$ref']);
  });
  assertNoCircle(root);
  return root;
}

/** `schema` for embedding in another: its pointers get the prefix `to`, except those to definitions. */
export function movedTo(to: string, schema: JsonSchema): JsonSchema {
  return withChangedRefs(schema, (ref) =>
    DEFINITIONS.some((keyword) => ref.startsWith(`#/${keyword}/`)) ? ref : `${to}${ref.slice(1)}`,
  );
}

/** The schema with references replaced by their targets where these do not recur; for simple clients. */
export function inlined(schema: JsonSchema): JsonSchema {
  const inline = (node: JsonSchema, inside: readonly string[]): JsonSchema =>
    mapSchemas(node, ({ $ref, ...own }) => {
      const target = typeof $ref === 'string' && !inside.includes($ref) ? targetOf($ref, schema) : undefined;
      if (!isSchema(target)) return $ref === undefined ? own : { ...own, $ref };
      return { ...inline(target, [...inside, $ref as string]), ...own };
    });
  const { $defs: _defs, definitions: _definitions, ...root } = schema;
  return inline(root, ['#']);
}

/** Without unreferenced definitions. */
export function withoutUnused(schema: JsonSchema): JsonSchema {
  const { $defs, ...rest } = schema;
  if (!isSchema($defs)) return schema;
  const used = new Set<string>();
  const visit = (node: JsonSchema): void => {
    mapSchemas(node, (inner) => {
      const { $ref } = inner;
      const [keyword, name] = typeof $ref === 'string' ? tokensOf($ref) : [];
      if (keyword !== '$defs' || name === undefined || used.has(name) || !isSchema($defs[name])) return inner;
      used.add(name);
      visit($defs[name]);
      return inner;
    });
  };
  visit(rest);
  const kept = Object.entries($defs).filter(([name]) => used.has(name));
  return kept.length === 0 ? rest : { ...rest, $defs: Object.fromEntries(kept) };
}

function withPointers(schema: JsonSchema): JsonSchema {
  const resources: { id: string; path: Path }[] = [];
  const anchors = new Map<string, string>();
  mapSchemas(schema, (node, path) => {
    if (typeof node['$id'] === 'string') resources.push({ id: node['$id'].replace(/#$/, ''), path });
    for (const anchor of [node['$anchor'], node['$dynamicAnchor']]) {
      if (typeof anchor === 'string') anchors.set(anchor, pointerTo(path));
    }
    return node;
  });
  const around = (path: Path): Path =>
    resources
      .map((resource) => resource.path)
      .filter((outer) => outer.every((step, at) => path[at] === step))
      .reduce((longest: Path, outer) => (outer.length > longest.length ? outer : longest), []);
  return mapSchemas(schema, ({ $id: _id, $dynamicRef, $dynamicAnchor: _anchor, ...node }, path) => {
    const ref = node['$ref'] ?? $dynamicRef;
    if (ref === undefined) return node;
    if (typeof ref !== 'string') throw leadsNowhere(path, ref);
    const [base = '', fragment = ''] = ref.split('#');
    const named = resources.find(({ id }) => id === base || id.endsWith(`/${base}`));
    const from = base === '' ? around(path) : named?.path;
    if (from === undefined) throw leadsNowhere(path, ref);
    const anchored = anchors.get(fragment);
    const $ref = anchored ?? (fragment === '' ? pointerTo(from) : `${pointerTo(from)}${fragment}`);
    return { ...node, $ref };
  });
}

function withSafeNames(schema: JsonSchema): JsonSchema {
  let result = schema;
  for (const keyword of DEFINITIONS) {
    const definitions = result[keyword];
    if (!isSchema(definitions)) continue;
    const names = new Map<string, string>();
    for (const name of Object.keys(definitions).filter((key) => !SAFE_NAME.test(key))) {
      let safe = name.replaceAll(/[^\w.-]/g, '_') || '_';
      while (Object.hasOwn(definitions, safe) || [...names.values()].includes(safe)) safe += '_';
      names.set(name, safe);
    }
    if (names.size === 0) continue;
    const entries = Object.entries(definitions).map(([name, value]) => [names.get(name) ?? name, value]);
    result = withChangedRefs({ ...result, [keyword]: Object.fromEntries(entries) }, (ref) => {
      const [first, name = '', ...rest] = tokensOf(ref);
      const safe = first === keyword ? names.get(name) : undefined;
      return safe === undefined ? ref : pointerTo([keyword, safe, ...rest]);
    });
  }
  return result;
}

function withoutRootReference(schema: JsonSchema): JsonSchema {
  let root = schema;
  const seen = new Set<unknown>();
  while (root['$ref'] !== undefined) {
    const { $ref, ...own } = root;
    const target = targetOf($ref, schema);
    if (!isSchema(target)) throw leadsNowhere([], $ref);
    if (seen.has($ref) || $ref === '#') throw circle([]);
    seen.add($ref);
    root = { ...target, ...own };
  }
  return root;
}

function assertNoCircle(root: JsonSchema): void {
  const done = new Set<JsonSchema>();
  const waiting: (readonly [Path, JsonSchema])[] = [[[], root]];
  const visit = (node: JsonSchema, path: Path, open: ReadonlySet<JsonSchema>): void => {
    if (open.has(node)) throw circle(path);
    if (done.has(node)) return;
    const around = new Set([...open, node]);
    const target = targetOf(node['$ref'], root);
    if (isSchema(target)) visit(target, path, around);
    for (const [step, child] of subschemas(node)) {
      if (IN_PLACE.has(step[0]!)) visit(child, [...path, ...step], around);
      else waiting.push([[...path, ...step], child]);
    }
    done.add(node);
  };
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) visit(next[1], next[0], new Set());
}

function withChangedRefs(schema: JsonSchema, change: (ref: string) => string): JsonSchema {
  return mapSchemas(schema, (node) =>
    typeof node['$ref'] === 'string' ? { ...node, $ref: change(node['$ref']) } : node,
  );
}

/** RFC 6901, section 6. */
function tokensOf(pointer: string): string[] {
  const tokens = pointer.slice(1).split('/').slice(1);
  return tokens.map((token) => decoded(token).replaceAll('~1', '/').replaceAll('~0', '~'));
}

function decoded(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}

function pointerTo(path: Path): string {
  const tokens = path.map((token) => encodeURI(token.replaceAll('~', '~0').replaceAll('/', '~1')));
  return ['#', ...tokens].join('/');
}

function leadsNowhere(path: Path, ref: unknown): SchemaProblem {
  return new SchemaProblem(
    [...path, '$ref'],
    `the reference ${JSON.stringify(ref)} cannot be resolved`,
    'let it point to a definition in the schema itself',
  );
}

function circle(path: Path): SchemaProblem {
  return new SchemaProblem(
    path,
    'the schema refers to itself only',
    'give it a type or properties of its own',
  );
}
