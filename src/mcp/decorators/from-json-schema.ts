import type { ErrorObject } from 'ajv/dist/2020.js';
import { linearAjv } from './linear-ajv.js';
import type { Schema } from './schema.js';
import { WiringError } from './wiring.error.js';

/** Tells such a schema from one that was converted: it goes out as it was written. */
export const JSON_SCHEMA_VENDOR = 'json-schema';

/** Up to here all that is wrong with a value is told; of a larger one the first, for each would cost its time. */
const MAX_TOLD = { values: 1_000, length: 1_000 };

/**
 * A schema for `@Tool` out of JSON Schema (2020-12) that is there already: of an OpenAPI document, of another
 * server. `Value` is what the caller takes it to describe. Nothing is fetched: a `$ref` has to point into the
 * schema itself. Validation takes time that grows with the value only; a `pattern` for which that does not hold is
 * refused where the tool is registered, unless `"maxLength": 256` stands beside it. Throws {@link WiringError}
 * where it is no valid JSON Schema.
 */
export function fromJsonSchema<Value = Record<string, unknown>>(
  definition: Readonly<Record<string, unknown>>,
): Schema<Value> {
  const validate = compile<Value>(definition, false);
  let detailed: typeof validate | undefined;
  const issuesOf = (value: unknown) => {
    const { errors } = validate;
    if (!isSmall(value)) return (errors ?? []).map(issueOf);
    detailed ??= compile<Value>(definition, true);
    detailed(value);
    return (detailed.errors ?? []).map(issueOf);
  };
  return {
    '~standard': {
      version: 1,
      vendor: JSON_SCHEMA_VENDOR,
      validate: (value) => (validate(value) ? { value } : { issues: issuesOf(value) }),
      jsonSchema: { input: () => ({ ...definition }), output: () => ({ ...definition }) },
    },
  };
}

/** The first compilation stops at the first error, so that a string's length is checked before its pattern. */
function compile<Value>(definition: Readonly<Record<string, unknown>>, allErrors: boolean) {
  try {
    // A promise of a verdict would pass for a verdict.
    if (definition['$async'] !== undefined) throw new TypeError('"$async" is not JSON Schema');
    return linearAjv(allErrors).compile<Value>(definition);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new WiringError(
      'fromJsonSchema()',
      `the definition is no JSON Schema 2020-12 (${reason}); correct it`,
    );
  }
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
