import { JSON_SCHEMA_VENDOR } from '../decorators/from-json-schema.js';
import type { Schema } from '../decorators/schema.js';
import { WiringError } from '../decorators/wiring.error.js';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** The JSON Schema (2020-12) of one side of a schema. Throws {@link WiringError} where it has none. */
export function jsonSchemaOf(
  schema: Schema,
  side: 'input' | 'output',
  what: string,
  className: string,
): JsonSchema {
  const { jsonSchema: convert, vendor } = schema['~standard'];
  if (convert === undefined) {
    throw new WiringError(className, `its ${what} schema has no JSON Schema form; use zod 4.2 or later`);
  }
  let jsonSchema: JsonSchema;
  try {
    jsonSchema = convert[side]({ target: 'draft-2020-12' });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new WiringError(
      className,
      `its ${what} schema has no JSON Schema form (${reason}); use types that JSON has, such as z.iso.datetime()`,
    );
  }
  // Somebody who writes JSON Schema by hand gets what is written.
  if (vendor === JSON_SCHEMA_VENDOR) return jsonSchema;
  // 2020-12 is what MCP assumes where nothing is said, and clients with an older validator fail on the name.
  const { $schema: _dialect, ...definition } = jsonSchema;
  return definition;
}

/** As {@link jsonSchemaOf}, of a schema that has to describe an object. */
export function objectSchemaOf(
  schema: Schema,
  side: 'input' | 'output',
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
 * What stands for a value that is no object where a revision has objects only: `{ result }`. Definitions
 * that the schema refers to stay at the root, where it looks for them.
 */
export function inResultObject({ $defs, ...schema }: JsonSchema): JsonSchema & { readonly type: 'object' } {
  return {
    type: 'object',
    properties: { result: schema },
    required: ['result'],
    ...($defs === undefined ? {} : { $defs }),
  };
}
