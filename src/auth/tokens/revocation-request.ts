import { MAX_TOKEN_BYTES } from './token-shape.js';
import { MAX_NAME_LENGTH } from './principal.factory.js';
import { InvalidRequestException } from './invalid-request.exception.js';

/** The content of the body of `POST /auth/revoke`. */
export type RevocationRequest =
  | { readonly kind: 'own' }
  | { readonly kind: 'token'; readonly value: string }
  | {
      readonly kind: 'jti' | 'sub';
      readonly value: string;
      /** The issuer of the name; undefined: see {@link RevocationService}. */
      readonly issuer: string | undefined;
    };

const MAX_LENGTH = { token: MAX_TOKEN_BYTES, jti: MAX_NAME_LENGTH, sub: MAX_NAME_LENGTH, iss: 1024 };
const KINDS = ['token', 'jti', 'sub'] as const;

/** @throws InvalidRequestException */
export function readRevocationRequest(body: unknown): RevocationRequest {
  if (body === undefined) return { kind: 'own' };
  if (!isRecord(body)) throw new InvalidRequestException('The body must be a form or a JSON object');
  const [kind, ...more] = KINDS.filter((name) => Object.hasOwn(body, name));
  if (more.length > 0) throw new InvalidRequestException('Give one of token, jti and sub');
  const issuer = Object.hasOwn(body, 'iss') ? textIn(body, 'iss') : undefined;
  if (issuer !== undefined && kind !== 'jti' && kind !== 'sub') {
    throw new InvalidRequestException('iss: give it only together with jti or sub');
  }
  switch (kind) {
    case undefined:
      assertNoTarget(body);
      return { kind: 'own' };
    case 'token':
      return { kind, value: textIn(body, kind) };
    default:
      return { kind, value: textIn(body, kind), issuer };
  }
}

/** Refuses a request that misspells a member: it must not revoke the caller's own token instead. */
function assertNoTarget(body: Readonly<Record<string, unknown>>): void {
  if (Object.keys(body).every((name) => name === 'token_type_hint')) return;
  throw new InvalidRequestException(
    'Give one of token, jti and sub, or an empty body for the token of this request',
  );
}

function textIn(body: Readonly<Record<string, unknown>>, name: keyof typeof MAX_LENGTH): string {
  const value = body[name];
  if (typeof value === 'string' && value !== '' && value.length <= MAX_LENGTH[name]) return value;
  throw new InvalidRequestException(
    `${name}: give it once, as a text of 1 to ${MAX_LENGTH[name]} characters`,
  );
}

function isRecord(body: unknown): body is Record<string, unknown> {
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}
