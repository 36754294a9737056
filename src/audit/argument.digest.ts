import canonicalize from 'canonicalize';
import { createHmac, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';

const KEY_BYTES = 32;
/** Sets this key apart from whatever else is derived from the same secret. RFC 5869, section 3.2. */
const PURPOSE = 'mcp audit: digest of arguments, 1';

/**
 * Digests of arguments. The key comes from the secret that all nodes of a deployment share; where there is none,
 * it is this process's own, and its digests compare only with each other.
 */
export class ArgumentDigest {
  private readonly key: KeyObject;

  constructor(secret: string | undefined) {
    this.key = createSecretKey(
      secret === undefined
        ? randomBytes(KEY_BYTES)
        : new Uint8Array(hkdfSync('sha256', secret, '', PURPOSE, KEY_BYTES)),
    );
  }

  of(value: unknown): string {
    return createHmac('sha256', this.key).update(canonicalJson(value)).digest('base64url');
  }
}

/** What RFC 8785 has no form for, half of a surrogate pair, must not keep a call from being told apart. */
function canonicalJson(value: unknown): string {
  try {
    return canonicalize(value) ?? 'null';
  } catch {
    return JSON.stringify(value) ?? 'null';
  }
}
