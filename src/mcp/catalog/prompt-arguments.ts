import type { Schema } from '../decorators/schema.js';
import { isObject } from '../messages/json-rpc.js';
import { type JsonSchema, objectSchemaOf } from './json-schema.js';
import { WiringError } from '../decorators/wiring.error.js';

/** An argument in a prompt's list entry. MCP 2025-11-25, Prompts, "Data Types". */
export interface PromptArgument {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly required: boolean;
}

/** Bounds recursive definitions; deeper than any schema of an argument. */
const MAX_DEPTH = 16;

/** The arguments that a schema describes. Throws {@link WiringError} where one accepts no string. */
export function promptArgumentsOf(schema: Schema, className: string): PromptArgument[] {
  const root = objectSchemaOf(schema, 'input', 'args', className);
  const required = Array.isArray(root['required']) ? root['required'] : [];
  const properties = isObject(root['properties']) ? root['properties'] : {};
  return Object.entries(properties).map(([name, property]) => {
    if (!takesStrings(property, root)) {
      throw new WiringError(
        className,
        `the argument "${name}" takes no string, and clients send nothing else; ` +
          'use z.string(), with .transform() for what it is to become',
      );
    }
    const { title, description } = resolve(property, root);
    return {
      name,
      ...(typeof title === 'string' ? { title } : {}),
      ...(typeof description === 'string' ? { description } : {}),
      required: required.includes(name),
    };
  });
}

/** Whether a schema accepts some string, judged by its types. */
function takesStrings(schema: unknown, root: JsonSchema, depth = 0): boolean {
  if (schema === true) return true;
  if (!isObject(schema) || depth > MAX_DEPTH) return false;
  const { type, const: constant, anyOf, oneOf, allOf, enum: values, $ref } = schema;
  const takes = (part: unknown): boolean => takesStrings(part, root, depth + 1);
  if (type !== undefined && !(Array.isArray(type) ? type : [type]).includes('string')) return false;
  if (constant !== undefined && typeof constant !== 'string') return false;
  if (Array.isArray(values) && !values.some((value) => typeof value === 'string')) return false;
  if ($ref !== undefined && !takes(resolve(schema, root))) return false;
  if (Array.isArray(allOf) && !allOf.every(takes)) return false;
  return [anyOf, oneOf].every((choice) => !Array.isArray(choice) || choice.some(takes));
}

/** The schema with its `$ref` resolved, where that points into the same document. */
function resolve(schema: unknown, root: JsonSchema): Readonly<Record<string, unknown>> {
  if (!isObject(schema)) return {};
  const { $ref, ...own } = schema;
  const name = typeof $ref === 'string' ? /^#\/\$defs\/([^/~%]+)$/.exec($ref)?.[1] : undefined;
  const definitions = root['$defs'];
  if (name === undefined || !isObject(definitions)) return own;
  const definition = definitions[name];
  return isObject(definition) ? { ...definition, ...own } : own;
}
