import { createHmac, randomUUID } from 'node:crypto';
import { CANARY } from '../canary/canaries.js';
import { PUBLIC_URL, SECRET } from './test-app.js';

export type Parts = Readonly<Record<string, unknown>>;

export interface Forgery {
  /** Override the valid members; `undefined` removes one. */
  readonly header?: Parts;
  readonly claims?: Parts;
  readonly secret?: string;
  /** The HMAC's digest. */
  readonly digest?: string;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export { CANARY };

export const now = (): number => Math.floor(Date.now() / 1000);

export const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');

export const signed = (input: string, secret = SECRET, digest = 'sha256'): string =>
  `${input}.${createHmac(digest, secret).update(input).digest('base64url')}`;

/** Claims of a token that the test application accepts. */
export function goodClaims(): Parts {
  return {
    iss: PUBLIC_URL,
    aud: PUBLIC_URL,
    sub: 'alice',
    iat: now(),
    exp: now() + 600,
    jti: randomUUID(),
    scope: 'mcp:access',
    note: CANARY,
  };
}

/** A token built by hand: valid except for the given parts. */
export function forge({ header, claims, secret, digest }: Forgery = {}): string {
  const parts = [
    { alg: 'HS256', typ: 'JWT', ...header },
    { ...goodClaims(), ...claims },
  ];
  return signed(parts.map(encode).join('.'), secret, digest);
}

/** A valid token of a subject. */
export const tokenOf = (sub: string, claims: Parts = {}): string => forge({ claims: { sub, ...claims } });

/** The same signature, spelled differently: the last letter for 32 bytes has two unused bits. */
export function respelled(token: string): string {
  return token.slice(0, -1) + ALPHABET[ALPHABET.indexOf(token.at(-1)!) ^ 1]!;
}
