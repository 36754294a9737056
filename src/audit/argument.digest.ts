import canonicalize from 'canonicalize';
import { createHmac, hash } from 'node:crypto';
import { derivedKey } from '../config/index.js';

/** Sets this key apart from whatever else is derived from the same secret. RFC 5869, section 3.2. */
const PURPOSE = 'mcp audit: digest of arguments, 1';

/** Of SHA-256, in bytes. */
const BLOCK = 64;
const DIGEST = 32;
/** Longer texts are hashed by `createHmac`, for which the text need not be copied. In UTF-16 units. */
const SHORT = 4_096;
/** Of a longer text the beginning is hashed, and its length. In UTF-16 units. */
const MAX_HASHED = 65_536;
/** Marks the digest of a text that was not hashed whole. */
const PARTLY = 'partly:';

/**
 * Digests of arguments. The key comes from the secret that all nodes of a deployment share; where there is none,
 * it is this process's own, and its digests compare only with each other.
 *
 * HMAC as RFC 2104 has it, `H(K ^ opad, H(K ^ ipad, text))`, with two one-shot hashes: an `Hmac` object costs twice as
 * much for a text of usual length. It is the same function, so that length extension is no more possible than there.
 */
export class ArgumentDigest {
  private readonly key: Uint8Array;
  /** `K ^ ipad`, and room for a text. */
  private readonly inner = Buffer.alloc(BLOCK + 3 * SHORT);
  /** `K ^ opad`, and room for the inner digest. */
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
    // As text of one character for each byte it needs no buffer of its own.
    this.outer.write(hash('sha256', this.inner.subarray(0, end), 'binary'), BLOCK, 'binary');
    return hash('sha256', this.outer, 'base64url');
  }
}

const PLAIN = new Set(['string', 'number', 'boolean']);

/** What RFC 8785 has no form for, half of a surrogate pair, must not keep a call from being told apart. */
function canonicalJson(value: unknown): string {
  if (isCanonicalAsItIs(value)) return JSON.stringify(value);
  try {
    return canonicalize(value) ?? 'null';
  } catch {
    return JSON.stringify(value) ?? 'null';
  }
}

/**
 * Whether the value is an object of plain values with its names in order, as nearly all arguments are: `JSON.stringify`
 * writes texts and numbers as RFC 8785 has them, section 3.2.2.
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
