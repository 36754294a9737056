import { CANARIES } from './canaries.ts';

/** What may be a JSON object in base64url, as the header and the payload of every token are. */
const ENCODED = /eyJ[\w-]{16,}/g;
/** A hash, too, may have these letters in it; what it stands for is no text. */
const JSON_TEXT = /^\{"[\x20-\x7e]{10}/;

/** What is in this text and must not be. `secrets` are those that a server has made for itself. */
export function leaksIn(text: string, secrets: readonly string[] = []): string[] {
  const found = Object.keys(CANARIES).filter((name) => text.includes(CANARIES[name]!));
  if (hasPartOfToken(text)) found.push('a token, or a part of one');
  if (secrets.some((secret) => text.includes(secret))) found.push('the secret of a development server');
  return found;
}

function hasPartOfToken(text: string): boolean {
  const encoded = text.match(ENCODED) ?? [];
  return encoded.some((part) => JSON_TEXT.test(Buffer.from(part, 'base64url').toString('latin1')));
}
