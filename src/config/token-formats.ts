import { z } from 'zod';
import { DEVELOPMENT_ISSUER } from './development-issuer.js';
import { list } from './value-formats.js';

const MIN_SECRET_BYTES = 32;
const MAKE_ONE = 'make one with: openssl rand -base64 48';
/** RFC 6749, section 3.3: scope-token. */
export const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/;
/** Maximum length of a list of scopes, in characters; a longer one would fill a token. */
const MAX_SCOPES = 1024;

/** Whether a text is a list of scopes with one space between them. RFC 6749, section 3.3. */
export function isScopeList(text: string): boolean {
  return text.length <= MAX_SCOPES && text.split(' ').every((scope) => SCOPE_TOKEN.test(scope));
}

/** Required to use the server. */
export const ACCESS_SCOPE = 'mcp:access';
const PLACEHOLDER = /change[-_ ]?me|replace[-_ ]?me|place[-_ ]?holder|example|your[-_ ]?(jwt[-_ ]?)?secret/i;
const ONLY_THE_WORD = /^(secret[\W_]*)+$/i;
// A block of up to 16 characters, repeated; the end may be cut off.
const REPEATED = /^(.{1,16}?)\1+.{0,15}$/s;

/** Used in `.env.example`; production refuses it. */
export const EXAMPLE_SECRET = 'replace-me-with-the-output-of-openssl-rand-base64-48';

function isPlaceholder(secret: string): boolean {
  return [PLACEHOLDER, ONLY_THE_WORD, REPEATED].some((pattern) => pattern.test(secret));
}

/** Development accepts any value, such as `JWT_SECRET=your-secret-key`. */
export const jwtSecret = z.string().min(1);

export const productionJwtSecret = z
  .string()
  .refine((secret) => Buffer.byteLength(secret) >= MIN_SECRET_BYTES, {
    error: `must be at least ${MIN_SECRET_BYTES} bytes; ${MAKE_ONE}`,
    abort: true,
  })
  .refine(
    (secret) => !isPlaceholder(secret),
    `must be a random secret, and this is a placeholder; ${MAKE_ONE}`,
  );

export const secretFile = z.string().min(1);

export const audience = z.string().regex(/^[^\s*]+$/, 'must have no blanks; `*` is refused');

export const issuer = audience.refine(
  (text) => text !== DEVELOPMENT_ISSUER,
  'must not be the issuer of development tokens',
);

/** Claims that have a meaning for the server: a token that the development route makes may not choose them. */
const OF_THE_SERVER: ReadonlySet<string> = new Set(
  'iss sub aud exp nbf iat jti scope scp roles client_id azp cnf'.split(' '),
);

/** Names of claims that the server has no meaning for. */
export const extraClaims = list(
  z
    .string()
    .regex(/^[^\s*]{1,256}$/, 'must be names of claims, without blanks')
    .refine((name) => !OF_THE_SERVER.has(name), 'must not name a claim that the server reads itself'),
);

const scope = z.string().regex(SCOPE_TOKEN, 'must be a scope, without blanks, quotes or \\');

/** Scopes of a caller without a token. Without `mcp:access` nothing would be served. */
export const localScopes = list(scope).refine(
  (scopes) => scopes.includes(ACCESS_SCOPE),
  `must contain ${ACCESS_SCOPE}`,
);

/** `*` becomes `'any'`. */
export const developmentScopes: z.ZodType<readonly string[] | 'any', string> = z
  .string()
  .transform((text, context) => {
    if (text.trim() === '*') return 'any';
    const { data } = list(scope).safeParse(text);
    if (data !== undefined) return Object.freeze(data);
    context.addIssue('must be * for any, or scopes, comma-separated, each without blanks, quotes or \\');
    return z.NEVER;
  });

/** Parses JSON text into an object without a prototype: role names come from tokens. */
export const roleScopes = z.string().transform((text, context) => {
  const scopes = readRoleScopes(text);
  if (scopes) return scopes;
  context.addIssue('must be a JSON object of role → list of scopes, each scope without blanks, quotes or \\');
  return z.NEVER;
});

function readRoleScopes(text: string): Readonly<Record<string, readonly string[]>> | undefined {
  const roles = parseJson(text);
  if (typeof roles !== 'object' || roles === null || Array.isArray(roles)) return undefined;
  const result: Record<string, readonly string[]> = Object.create(null);
  for (const [role, scopes] of Object.entries(roles)) {
    if (role === '' || !areScopes(scopes)) return undefined;
    result[role] = Object.freeze([...scopes]);
  }
  return Object.freeze(result);
}

function areScopes(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((scope) => typeof scope === 'string' && SCOPE_TOKEN.test(scope));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
