import type { ErrorObject } from 'ajv/dist/2020.js';
import { createRequire } from 'node:module';
import type { Schema } from './schema.js';

const require = createRequire(import.meta.url);

/** Tells such a schema from one that was converted: it goes out as it was written. */
export const JSON_SCHEMA_VENDOR = 'json-schema';

/**
 * A schema for `@Tool` out of JSON Schema (2020-12) that is there already: of an OpenAPI document, of another
 * server. `Value` is what the caller takes it to describe. Nothing is fetched: a `$ref` has to point into the
 * schema itself. Throws where it is no valid JSON Schema.
 */
export function fromJsonSchema<Value = Record<string, unknown>>(
  definition: Readonly<Record<string, unknown>>,
): Schema<Value> {
  // Loaded by whoever uses it: it would be a good part of the time that a server takes to start.
  const { Ajv2020 } = require('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js');
  const { default: addFormats } = require('ajv-formats') as typeof import('ajv-formats');
  const ajv = new Ajv2020({ allErrors: true, strict: false });
  addFormats.default(ajv);
  const validate = ajv.compile<Value>(definition);
  return {
    '~standard': {
      version: 1,
      vendor: JSON_SCHEMA_VENDOR,
      validate: (value) => (validate(value) ? { value } : { issues: (validate.errors ?? []).map(issueOf) }),
      jsonSchema: { input: () => ({ ...definition }), output: () => ({ ...definition }) },
    },
  };
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
