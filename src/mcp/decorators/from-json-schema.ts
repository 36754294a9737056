import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { linearAjv } from './linear-ajv.js';
import type { Schema } from './schema.js';

type Validator<Value> = ValidateFunction<Value>;

/** Marks a schema that is listed as written, not converted. */
export const JSON_SCHEMA_VENDOR = 'json-schema';

/** Up to this size every issue of a value is reported; of a larger one the first, to bound the time. */
const MAX_TOLD = { values: 1_000, length: 1_000 };

/**
 * A schema for `@Tool` from existing JSON Schema (2020-12), such as an OpenAPI document's or another server's. `Value`
 * is the type that it describes, unchecked. Nothing is fetched: a `$ref` must point into the schema itself. Validation
 * time is linear in the value; a `pattern` for which it is not is refused at start, unless it has `"maxLength": 256`.
 * So is invalid JSON Schema: the `WiringError` names the class that uses it and the place in the definition.
 */
export function fromJsonSchema<Value = Record<string, unknown>>(
  definition: Readonly<Record<string, unknown>>,
): Schema<Value> {
  // Stops at the first error, so that a string's length is checked before its pattern.
  let first: Validator<Value> | undefined;
  let detailed: Validator<Value> | undefined;
  const validate = (value: unknown) => {
    first ??= compile<Value>(definition, false);
    if (first(value)) return { value };
    if (!isSmall(value)) return { issues: (first.errors ?? []).map(issueOf) };
    detailed ??= compile<Value>(definition, true);
    detailed(value);
    return { issues: (detailed.errors ?? []).map(issueOf) };
  };
  return {
    '~standard': {
      version: 1,
      vendor: JSON_SCHEMA_VENDOR,
      validate,
      jsonSchema: { input: () => ({ ...definition }), output: () => ({ ...definition }) },
    },
  };
}

/** Compiled when a tool or prompt with the schema is registered, which reports errors. */
function compile<Value>(definition: Readonly<Record<string, unknown>>, allErrors: boolean): Validator<Value> {
  // An asynchronous verdict would be truthy.
  if (definition['$async'] !== undefined) throw new TypeError('"$async" is not JSON Schema');
  return linearAjv(allErrors).compile<Value>(definition);
}

function isSmall(value: unknown): boolean {
  const waiting = [value];
  for (let count = 0; waiting.length > 0; count += 1) {
    const next = waiting.pop();
    if (count > MAX_TOLD.values || waiting.length > MAX_TOLD.values) return false;
    if (typeof next === 'string' && next.length > MAX_TOLD.length) return false;
    if (typeof next !== 'object' || next === null) continue;
    const children = Object.values(next);
    if (children.length > MAX_TOLD.values) return false;
    waiting.push(...children);
  }
  return true;
}

function issueOf({ instancePath, message = 'is not valid', params, keyword }: ErrorObject) {
  const path = instancePath.split('/').slice(1).map(unescape);
  const extra = keyword === 'additionalProperties' ? `: ${String(params['additionalProperty'])}` : '';
  return { path, message: `${message}${extra}` };
}

/** RFC 6901, section 4. */
function unescape(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}
