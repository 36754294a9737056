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

/**
 * Digests of arguments. The key is derived from the secret that all nodes share. Without one it is random per process,
 * and digests of different processes cannot be compared.
 *
 * HMAC as in RFC 2104, `H(K ^ opad, H(K ^ ipad, text))`, by two one-shot hashes: an `Hmac` object costs twice as much
 * for a text of usual length. The function is the same, so length extension is as impossible.
 */
export class ArgumentDigest {
  private readonly key: Uint8Array;
  /** `K ^ ipad`, followed by room for a text. */
  private readonly inner = Buffer.alloc(BLOCK + 3 * SHORT);
  /** `K ^ opad`, followed by room for the inner digest. */
  private readonly outer = Buffer.alloc(BLOCK + DIGEST);

  constructor(secret: string | undefined) {
    this.key = derivedKey(secret, PURPOSE);
    for (let at = 0; at < BLOCK; at += 1) {
      this.inner[at] = 0x36 ^ (this.key[at] ?? 0);
      this.outer[at] = 0x5c ^ (this.key[at] ?? 0);
    }
  }

  of(value: unknown): string {
    const text = canonicalJson(value);
    if (text.length > MAX_HASHED) {
      const start = `${text.length}:${text.slice(0, MAX_HASHED)}`;
      return PARTLY + createHmac('sha256', this.key).update(start).digest('base64url');
    }
    if (text.length > SHORT) return createHmac('sha256', this.key).update(text).digest('base64url');
    const end = BLOCK + this.inner.write(text, BLOCK);
    // A binary string (one character per byte) needs no further buffer.
    this.outer.write(hash('sha256', this.inner.subarray(0, end), 'binary'), BLOCK, 'binary');
    return hash('sha256', this.outer, 'base64url');
  }
}

const PLAIN = new Set(['string', 'number', 'boolean']);

/** A lone surrogate, for which RFC 8785 defines no form, is replaced so that the call still gets a digest. */
function canonicalJson(value: unknown): string {
  if (isCanonicalAsItIs(value)) return JSON.stringify(value);
  try {
    return canonicalize(value) ?? 'null';
  } catch {
    return JSON.stringify(value) ?? 'null';
  }
}

/**
 * Whether the value is a flat object with sorted names, as most arguments are: `JSON.stringify` then gives the
 * canonical form. RFC 8785, section 3.2.2.
 */
function isCanonicalAsItIs(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  let before = '';
  for (const name of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[name];
    if (name < before || !PLAIN.has(typeof member)) return false;
    before = name;
  }
  return true;
}
