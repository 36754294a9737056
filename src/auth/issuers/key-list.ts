import type { JSONWebKeySet, JWK } from 'jose';
import { isRecord } from './provider-document.js';
import { ProviderDocumentError } from './provider-document.error.js';

const MAX_KEYS = 100;
const MIN_RSA_BITS = 2048;
const ASYMMETRIC = new Set<unknown>(['RSA', 'EC', 'OKP']);

/** The usable keys of a JWK Set (RFC 7517 §5), and the number of unusable ones. */
export interface KeyList {
  readonly keys: JSONWebKeySet;
  readonly refused: number;
}

/**
 * Selects the keys of a JWK Set that may verify a signature: public, asymmetric, RSA of 2048 bits or more.
 *
 * @throws ProviderDocumentError when there is none, or an implausible number.
 */
export function readKeyList(document: unknown): KeyList {
  const all: unknown = isRecord(document) ? document['keys'] : undefined;
  if (!Array.isArray(all)) throw new ProviderDocumentError('The document is no JWK Set');
  if (all.length > MAX_KEYS) throw new ProviderDocumentError(`The JWK Set has more than ${MAX_KEYS} keys`);
  const keys = all.filter(isFit);
  if (keys.length === 0) throw new ProviderDocumentError('The JWK Set has no key that may be used');
  return { keys: { keys }, refused: all.length - keys.length };
}

function isFit(key: unknown): key is JWK {
  if (!isRecord(key) || !ASYMMETRIC.has(key['kty']) || Object.hasOwn(key, 'd')) return false;
  return key['kty'] !== 'RSA' || bitsOf(key['n']) >= MIN_RSA_BITS;
}

function bitsOf(modulus: unknown): number {
  if (typeof modulus !== 'string') return 0;
  const bytes = Buffer.from(modulus, 'base64url');
  const first = bytes.findIndex((byte) => byte !== 0);
  return first === -1 ? 0 : (bytes.length - first) * 8 - Math.clz32(bytes[first]!) + 24;
}
