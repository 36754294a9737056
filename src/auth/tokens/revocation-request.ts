import { MAX_TOKEN_BYTES } from './bearer-header.js';
import { MAX_NAME_LENGTH } from './caller.factory.js';
import { InvalidRequestException } from './invalid-request.exception.js';

/** What the body of `POST /auth/revoke` asks for. */
export type RevocationRequest =
  { readonly kind: 'own' } | { readonly kind: 'token' | 'jti' | 'sub'; readonly value: string };

const MAX_LENGTH = { token: MAX_TOKEN_BYTES, jti: MAX_NAME_LENGTH, sub: MAX_NAME_LENGTH };
const KINDS = ['token', 'jti', 'sub'] as const;

/** @throws InvalidRequestException */
export function readRevocationRequest(body: unknown): RevocationRequest {
  if (body === undefined) return { kind: 'own' };
  if (!isRecord(body)) throw new InvalidRequestException('The body must be a form or a JSON object');
  const [kind, ...more] = KINDS.filter((name) => Object.hasOwn(body, name));
  if (kind === undefined) return { kind: 'own' };
  if (more.length > 0) throw new InvalidRequestException('Give one of token, jti and sub');
  const value = body[kind];
  if (typeof value !== 'string' || value === '' || value.length > MAX_LENGTH[kind]) {
    throw new InvalidRequestException(
      `${kind}: give it once, as a text of 1 to ${MAX_LENGTH[kind]} characters`,
    );
  }
  return { kind, value };
}

function isRecord(body: unknown): body is Record<string, unknown> {
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}
