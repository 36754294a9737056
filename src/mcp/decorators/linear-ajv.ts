import { createRequire } from 'node:module';
import canonicalize from 'canonicalize';

const require = createRequire(import.meta.url);

const SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:', 'ftp:']);

/** Many patterns contain an escape that the flag `u` refuses, such as `\-`; listed schemas have it rewritten. */
const REG_EXP = Object.assign(
  (pattern: string, flags: string): RegExp => {
    try {
      return new RegExp(pattern, flags);
    } catch {
      return new RegExp(pattern);
    }
  },
  { code: 'new RegExp' },
);

/**
 * A validator of JSON Schema 2020-12 in linear time: `uniqueItems` compares serialized items, and `format: "url"` uses
 * the URL parser. Patterns are checked where a schema is listed.
 */
export function linearAjv(allErrors: boolean) {
  // Loaded on demand: it would take a good part of the start time.
  const { Ajv2020 } = require('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js');
  const { default: addFormats } = require('ajv-formats') as typeof import('ajv-formats');
  // Unknown formats are annotations; a warning would go to the console, which over stdio carries the protocol.
  const ajv = new Ajv2020({ allErrors, strict: false, logger: false, code: { regExp: REG_EXP } });
  addFormats.default(ajv);
  ajv.addFormat('url', isUrl);
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    error: { message: 'must NOT have duplicate items' },
    validate: (isUnique: boolean, items: readonly unknown[]) => !isUnique || areDifferent(items),
  });
  return ajv;
}

function areDifferent(items: readonly unknown[]): boolean {
  const seen = new Set<unknown>();
  for (const item of items) {
    // The text distinguishes 1 from "1" and does not depend on the order of keys.
    const key = canonicalize(item);
    if (seen.has(key)) return false;
    seen.add(key);
  }
  return true;
}

/** The `url` of `ajv-formats`: http, https or ftp, with a host, without spaces. */
function isUrl(text: string): boolean {
  if (/\s/.test(text)) return false;
  const url = URL.parse(text);
  return url !== null && SCHEMES.has(url.protocol) && /^[a-z]+:\/\//i.test(text);
}
