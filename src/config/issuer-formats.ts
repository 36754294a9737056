import { z } from 'zod';
import { DEVELOPMENT_ISSUER } from './development-issuer.js';
import { PRESET_NAMES, type PresetName } from './issuer-presets.js';
import { isLoopbackHost } from './loopback.js';
import type { ClaimNames } from './settings.js';
import { SCOPE_TOKEN } from './token-formats.js';
import { milliseconds } from './value-formats.js';

const ELLIPTIC = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const;
const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;
const ALGORITHMS = [...ELLIPTIC, ...RSA] as const;

const MAX_ISSUERS = 16;
const MAX_NAMES = 8;
const KEYS =
  'issuer, preset, jwksUri, audience, algorithms, types, claims, clockTolerance, scopes, administers';
/** Providers' clocks are more accurate than this; a longer tolerance would only accept expired tokens. */
export const LONGEST_TOLERANCE = '10m';
const CLAIMS = 'subject, scopes, roles, clientId, jti, extra';
// The characters of a media type: RFC 6838, section 4.2. The empty text stands for a token without a typ.
const TYPE = /^[A-Za-z0-9!#$&^_.+/-]{0,64}$/;

/** One entry of `AUTH_ISSUERS`, as written. */
export interface IssuerEntry {
  readonly issuer: string;
  readonly preset?: PresetName | undefined;
  readonly jwksUri?: string | undefined;
  readonly audience?: readonly string[] | undefined;
  readonly algorithms?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
  /** Milliseconds. */
  readonly clockTolerance?: number | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly administers?: 'own' | 'all' | undefined;
  readonly claims?: { readonly [Kind in keyof ClaimNames]?: readonly string[] | undefined } | undefined;
}

/** An https URL, or an http one of a loopback host. */
export function isProviderUrl(text: string): boolean {
  const url = /\s/.test(text) || text.length > 1024 ? null : URL.parse(text);
  if (url === null || url.hash !== '' || text.includes('#')) return false;
  if (url.username !== '' || url.password !== '' || url.hostname.includes('*')) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname));
}

const issuerUrl = z
  .string({ error: 'issuer must be given, as a text' })
  .refine((text) => text !== DEVELOPMENT_ISSUER, {
    error: 'issuer must not be the issuer of development tokens',
    abort: true,
  })
  .refine(
    (text) => isProviderUrl(text) && !text.includes('?'),
    'issuer must be an https URL (http only for a loopback host), without query, fragment and user name',
  );

const JWKS_URI =
  'jwksUri must be an https URL (http only for a loopback host), without fragment and user name';
const jwksUri = z.string({ error: JWKS_URI }).refine(isProviderUrl, JWKS_URI);

/** One text or a list of texts. */
function texts(pattern: RegExp, error: string) {
  const text = z.string({ error }).regex(pattern, error);
  const many = z.array(text, { error }).min(1, error).max(MAX_NAMES, error);
  return z.preprocess((value) => (typeof value === 'string' ? [value] : value), many);
}

const algorithms = z
  .array(
    z.enum(ALGORITHMS, {
      error: `algorithms must be asymmetric ones, of ${ALGORITHMS.join(', ')}; HS* and none are refused`,
    }),
    { error: 'algorithms must be a list' },
  )
  .min(1, 'algorithms must name at least one');

const claimName = (kind: string) =>
  texts(
    /^[^\s*]{1,256}$/,
    `claims.${kind} must be the name of a claim, or a list of up to ${MAX_NAMES}, without blanks`,
  ).optional();

const claims = z.strictObject(
  {
    subject: claimName('subject'),
    scopes: claimName('scopes'),
    roles: claimName('roles'),
    clientId: claimName('clientId'),
    jti: claimName('jti'),
    extra: claimName('extra'),
  },
  { error: `claims must be an object with no keys but ${CLAIMS}` },
);

const TOLERANCE = `clockTolerance must be a duration such as 30s, from 0s to ${LONGEST_TOLERANCE}`;
/** A plain number counts as seconds. */
const clockTolerance = z.preprocess(
  (value) => (typeof value === 'number' ? `${value}s` : value),
  z
    .string({ error: TOLERANCE })
    .transform(milliseconds)
    .refine((value) => value >= 0 && value <= milliseconds(LONGEST_TOLERANCE), TOLERANCE),
);

const SCOPES = 'scopes must be a list of scopes, each without blanks, quotes or \\';
const ceiling = z.array(z.string({ error: SCOPES }).regex(SCOPE_TOKEN, SCOPES), { error: SCOPES });

const entry = z
  .strictObject(
    {
      issuer: issuerUrl,
      preset: z.enum(PRESET_NAMES, { error: `preset must be one of ${PRESET_NAMES.join(', ')}` }).optional(),
      jwksUri: jwksUri.optional(),
      audience: texts(
        /^[^\s*]{1,1024}$/,
        'audience must be a text or a list, without blanks; `*` is refused',
      ).optional(),
      algorithms: algorithms.optional(),
      types: texts(TYPE, 'types must be values of the header typ, such as at+jwt or JWT').optional(),
      claims: claims.optional(),
      clockTolerance: clockTolerance.optional(),
      scopes: ceiling.optional(),
      administers: z.enum(['own', 'all'], { error: 'administers must be own or all' }).optional(),
    },
    { error: `each must be an object with no keys but ${KEYS}` },
  )
  .superRefine(({ preset, issuer, audience }, context) => {
    if (preset === 'auth0' && !issuer.endsWith('/')) {
      context.addIssue('issuer must end with /, as that of an Auth0 tenant does');
    }
    if (preset === 'entra' && /^https:\/\/[^/]+\/(common|organizations|consumers)\//i.test(issuer)) {
      context.addIssue('issuer must name one tenant by its id');
    }
    if (preset === 'entra' && audience === undefined) {
      context.addIssue('audience must be given: Entra writes the application ID of this API into aud');
    }
  });

/** Parses JSON text into entries. `issuerProblems` checks what depends on other settings. */
export const issuers: z.ZodType<readonly IssuerEntry[], string> = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue('must be a JSON list of issuers');
      return z.NEVER;
    }
  })
  .pipe(
    z
      .array(entry, { error: 'must be a JSON list of issuers' })
      .min(1, 'must list at least one issuer; unset it to trust none')
      .max(MAX_ISSUERS, `must list at most ${MAX_ISSUERS} issuers`)
      .refine((entries) => {
        const names = entries.map(({ issuer }) => withoutSlash(issuer));
        return new Set(names).size === names.length;
      }, 'must not list an issuer twice'),
  );

/** Two issuers that differ by a trailing slash are a mistake, though tokens distinguish them. */
export function withoutSlash(issuer: string): string {
  return issuer.replace(/\/$/, '');
}
