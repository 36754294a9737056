import { isObject, type Params } from './json-object.js';

/*
 * Some clients send null for an absent member, and clients in PHP send `[]` for an empty object. Every message is
 * normalized before other code reads it: an optional member that is null is removed, and `[]` becomes `{}` where the
 * protocol requires an object. Values that belong to a tool or to a vendor are not changed.
 */

/** The protocol's type of a value. */
type Shape =
  /** An object whose members the protocol does not define. */
  | 'opaque'
  /** A list, or a single element in its place. */
  | { readonly each: Shape }
  | {
      /** Members that are objects or lists. */
      readonly members: Readonly<Record<string, Shape>>;
      /** The type of all other members; undefined: unchanged. */
      readonly others?: Shape;
      /** Members without which the object is refused: null there is the client's error. */
      readonly required?: readonly string[];
    };

const PREFIX = 'io.modelcontextprotocol/';
const PLAIN: Shape = { members: {} };
const MARKED: Shape = { members: { _meta: 'opaque' } };
const IMPLEMENTATION: Shape = { members: { icons: { each: PLAIN } } };
/** The presence of a capability says what the client can do; its value is again such an object. */
const CAPABILITY: Shape = { members: {}, others: { members: {}, others: { members: {}, others: PLAIN } } };
const CAPABILITIES: Shape = {
  members: { experimental: { members: {}, others: 'opaque' }, extensions: { members: {}, others: 'opaque' } },
  others: CAPABILITY,
};
const META: Shape = {
  members: { [`${PREFIX}clientInfo`]: IMPLEMENTATION, [`${PREFIX}clientCapabilities`]: CAPABILITIES },
};

const LEAF_BLOCK = { annotations: PLAIN, icons: { each: PLAIN }, resource: MARKED, _meta: 'opaque' } as const;
/** A block of a sample: text, image, tool use or tool result. */
const BLOCK: Shape = {
  members: {
    ...LEAF_BLOCK,
    input: 'opaque',
    structuredContent: 'opaque',
    content: { each: { members: LEAF_BLOCK } },
  },
};
const ELICITED: Shape = { members: { content: PLAIN, _meta: 'opaque' } };
const ANSWERED: Shape = { members: { content: { each: BLOCK }, roots: { each: MARKED }, _meta: 'opaque' } };

const PARAM_MEMBERS = {
  _meta: META,
  // initialize
  capabilities: CAPABILITIES,
  clientInfo: IMPLEMENTATION,
  // completion/complete
  ref: PLAIN,
  argument: PLAIN,
  context: { members: { arguments: PLAIN } },
  // subscriptions/listen
  notifications: PLAIN,
} as const satisfies Record<string, Shape>;
const REQUIRED = ['name', 'uri'];
const CALL: Shape = { members: { ...PARAM_MEMBERS, arguments: 'opaque' }, required: REQUIRED };
/** The protocol defines the arguments of a prompt: their values are strings. */
const PROMPT: Shape = { members: { ...PARAM_MEMBERS, arguments: PLAIN }, required: REQUIRED };

/** The `params` of a request or notification, also null or absent. */
export function normalParams(method: string, params: unknown): unknown {
  const normal = normalize(params ?? {}, method === 'prompts/get' ? PROMPT : CALL);
  const responses = isObject(normal) ? normal['inputResponses'] : undefined;
  if (responses === undefined) return normal;
  const all = normalize(responses, PLAIN);
  const answers = isObject(all)
    ? Object.fromEntries(Object.entries(all).map(([key, answer]) => [key, normalAnswer(answer)]))
    : all;
  return { ...(normal as Params), inputResponses: answers };
}

/** The client's answer to `elicitation/create`, `sampling/createMessage` or `roots/list`. */
export function normalAnswer(answer: unknown): unknown {
  // Only the answer to an elicitation has an action; its content is an object.
  return normalize(answer, isObject(answer) && 'action' in answer ? ELICITED : ANSWERED);
}

function normalize(value: unknown, shape: Shape): unknown {
  if (shape !== 'opaque' && 'each' in shape) {
    return Array.isArray(value)
      ? value.map((element) => normalize(element, shape.each))
      : normalize(value, shape.each);
  }
  if (Array.isArray(value) && value.length === 0) return {};
  return shape !== 'opaque' && isObject(value) ? normalizeMembers(value, shape) : value;
}

/** Copies only on change: most messages are normal. */
function normalizeMembers(
  object: Params,
  { members, others, required }: Exclude<Shape, 'opaque' | { readonly each: Shape }>,
): Params {
  let changed: Record<string, unknown> | undefined;
  for (const name of Object.keys(object)) {
    // An assignment would change the copy's prototype.
    if (name === '__proto__') continue;
    const value = object[name];
    if (value === null) {
      if (required?.includes(name) === true) continue;
      changed ??= { ...object };
      delete changed[name];
    } else if (typeof value === 'object') {
      const shape = Object.hasOwn(members, name) ? members[name] : others;
      const normal = shape === undefined ? value : normalize(value, shape);
      if (normal !== value) (changed ??= { ...object })[name] = normal;
    }
  }
  return changed ?? object;
}
