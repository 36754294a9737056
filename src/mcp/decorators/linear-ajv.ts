import { createRequire } from 'node:module';
import canonicalize from 'canonicalize';

const require = createRequire(import.meta.url);

const SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:', 'ftp:']);

/** Many a written pattern has an escape that the flag `u` refuses, such as `\-`; where it is listed it is rewritten. */
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
 * A validator of JSON Schema 2020-12 whose time grows with the value only: `uniqueItems` compares items by what
 * they are written as, and `format: "url"` is read by the URL parser. Patterns are checked where a schema is listed.
 */
export function linearAjv(allErrors: boolean) {
  // Loaded where it is needed: it would be a good part of the time that a server takes to start.
  const { Ajv2020 } = require('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js');
  const { default: addFormats } = require('ajv-formats') as typeof import('ajv-formats');
  // Unknown formats are annotations; a warning would go to the console, which over stdio is the protocol's.
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
    // The text tells 1 from "1", and does not depend on the order of an object's keys.
    const key = canonicalize(item);
    if (seen.has(key)) return false;
    seen.add(key);
  }
  return true;
}

/** What `ajv-formats` takes for a `url`: of the web, with a host, and without spaces. */
function isUrl(text: string): boolean {
  if (/\s/.test(text)) return false;
  const url = URL.parse(text);
  return url !== null && SCHEMES.has(url.protocol) && /^[a-z]+:\/\//i.test(text);
}
