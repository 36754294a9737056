import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { linearAjv } from './linear-ajv.js';
import type { Schema } from './schema.js';

type Validator<Value> = ValidateFunction<Value>;

/** Tells such a schema from one that was converted: it goes out as it was written. */
export const JSON_SCHEMA_VENDOR = 'json-schema';

/** Up to here all that is wrong with a value is told; of a larger one the first, for each would cost its time. */
const MAX_TOLD = { values: 1_000, length: 1_000 };

/**
 * A schema for `@Tool` out of JSON Schema (2020-12) that is there already: of an OpenAPI document, of another
 * server. `Value` is what the caller takes it to describe. Nothing is fetched: a `$ref` has to point into the
 * schema itself. Validation takes time that grows with the value only; a `pattern` for which that does not hold is
 * refused at start, unless `"maxLength": 256` stands beside it. So is what is no valid JSON Schema: the
 * `WiringError` names the class that uses it and the place in the definition.
 */
export function fromJsonSchema<Value = Record<string, unknown>>(
  definition: Readonly<Record<string, unknown>>,
): Schema<Value> {
  // The first stops at the first error, so that a string's length is checked before its pattern.
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

/** What cannot be compiled is known when a tool or prompt with the schema is registered, which compiles it. */
function compile<Value>(definition: Readonly<Record<string, unknown>>, allErrors: boolean): Validator<Value> {
  // A promise of a verdict would pass for a verdict.
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
