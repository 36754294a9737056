import type { IncomingMessage } from 'node:http';
import { TokenError } from './token.error.js';

/** A longer token is refused before it is parsed. Tokens are ASCII: characters are bytes. */
export const MAX_TOKEN_BYTES = 8 * 1024;

const CREDENTIALS = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;
const SCHEME = /^[^ ]*/;

/**
 * Reads the token of a request: exactly one `Authorization: Bearer <b64token>` (RFC 6750 §2.1). A token in the query is
 * refused even beside a valid header (§2.3, OAuth 2.1 §5.1). Bodies and cookies are not read.
 *
 * @throws TokenError
 */
export function readBearerToken(request: IncomingMessage): string {
  if (hasTokenInQuery(request.url ?? '')) throw new TokenError('token_in_query');
  const header = onlyAuthorization(request.rawHeaders);
  if (header === undefined) throw new TokenError('missing_token');
  const token = CREDENTIALS.exec(header)?.[1];
  if (token === undefined)
    throw new TokenError(hasBearerScheme(header) ? 'malformed_header' : 'wrong_scheme');
  if (token.length > MAX_TOKEN_BYTES) throw new TokenError('too_large');
  return token;
}

/** Reads the raw list, since `headers` silently keeps the first of two Authorization headers. */
function onlyAuthorization(rawHeaders: readonly string[]): string | undefined {
  let value: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length !== 13 || name.toLowerCase() !== 'authorization') continue;
    if (value !== undefined) throw new TokenError('duplicate_header');
    value = rawHeaders[i + 1];
  }
  return value;
}

function hasBearerScheme(header: string): boolean {
  return SCHEME.exec(header)?.[0].toLowerCase() === 'bearer';
}

function hasTokenInQuery(url: string): boolean {
  const start = url.indexOf('?');
  if (start === -1) return false;
  const query = url.slice(start + 1);
  if (!query.includes('%') && !query.includes('access_token')) return false;
  return new URLSearchParams(query).has('access_token');
}
