import canonicalize from 'canonicalize';
import { createHmac, hash } from 'node:crypto';
import { derivedKey } from '../config/index.js';

/** Separates this key from others derived from the same secret. RFC 5869, section 3.2. */
const PURPOSE = 'mcp audit: digest of arguments, 1';

/** Block size of SHA-256, in bytes. */
const BLOCK = 64;
const DIGEST = 32;
/** Texts up to this length avoid `createHmac`, for which they would have to be copied. UTF-16 units. */
const SHORT = 4_096;
/** Of a longer text only this much is hashed, together with its length. UTF-16 units. */
const MAX_HASHED = 65_536;
/** Marks the digest of a text that was hashed in part. */
const PARTLY = 'partly:';

const PLAIN = new Set(['string', 'number', 'boolean']);

/**
 * Makes the function that digests arguments. Its key is derived from the secret that all nodes share. Without one it is
 * random per process, and digests of different processes cannot be compared.
 *
 * HMAC as in RFC 2104, `H(K ^ opad, H(K ^ ipad, text))`, by two one-shot hashes: an `Hmac` object costs twice as much
 * for a text of usual length. The function is the same, so length extension is as impossible.
 */
export function argumentDigest(secret: string | undefined): (value: unknown) => string {
  const key = derivedKey(secret, PURPOSE);
  /** `K ^ ipad`, followed by room for a text. */
  const inner = Buffer.alloc(BLOCK + 3 * SHORT);
  /** `K ^ opad`, followed by room for the inner digest. */
  const outer = Buffer.alloc(BLOCK + DIGEST);
  for (let at = 0; at < BLOCK; at += 1) {
    inner[at] = 0x36 ^ (key[at] ?? 0);
    outer[at] = 0x5c ^ (key[at] ?? 0);
  }
  return (value) => {
    const text = canonicalJson(value);
    if (text.length > MAX_HASHED) {
      const start = `${text.length}:${text.slice(0, MAX_HASHED)}`;
      return PARTLY + createHmac('sha256', key).update(start).digest('base64url');
    }
    if (text.length > SHORT) return createHmac('sha256', key).update(text).digest('base64url');
    const end = BLOCK + inner.write(text, BLOCK);
    // A binary string (one character per byte) needs no further buffer.
    outer.write(hash('sha256', inner.subarray(0, end), 'binary'), BLOCK, 'binary');
    return hash('sha256', outer, 'base64url');
  };
}

/** RFC 8785. A lone surrogate, for which it defines no form, is replaced so that the call still gets a digest. */
function canonicalJson(value: unknown): string {
  let isCanonical = typeof value === 'object' && value !== null && !Array.isArray(value);
  const names = isCanonical ? Object.keys(value as object) : [];
  let before = '';
  for (const name of names) {
    isCanonical &&= name >= before && PLAIN.has(typeof (value as Record<string, unknown>)[name]);
    before = name;
  }
  // Section 3.2.2: a flat object with sorted names, as most arguments are.
  if (isCanonical) return JSON.stringify(value);
  try {
    return canonicalize(value) ?? 'null';
  } catch {
    return JSON.stringify(value) ?? 'null';
  }
}
