import { randomUUID } from 'node:crypto';
import * as fixture from '../../src/auth/fixtures/forge.fixture.js';
import { CANARY } from '../canary/canaries.js';
import { PUBLIC_URL, SECRET } from './test-app.js';

export { encode, now, type Parts } from '../../src/auth/fixtures/forge.fixture.js';
export { CANARY };

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export const signed = (input: string, secret = SECRET, digest = 'sha256'): string =>
  fixture.signed(input, secret, digest);

/** Claims of a token that the test application accepts. */
export function goodClaims(): fixture.Parts {
  return {
    iss: PUBLIC_URL,
    aud: PUBLIC_URL,
    sub: 'alice',
    iat: fixture.now(),
    exp: fixture.now() + 600,
    jti: randomUUID(),
    scope: 'mcp:access',
    note: CANARY,
  };
}

/** A token built by hand: valid except for the given parts. */
export const forge = (forgery: fixture.Forgery = {}): string =>
  fixture.forge({ secret: SECRET, ...forgery }, goodClaims());

/** A valid token of a subject. */
export const tokenOf = (sub: string, claims: fixture.Parts = {}): string =>
  forge({ claims: { sub, ...claims } });

/** The same signature, spelled differently: the last letter for 32 bytes has two unused bits. */
export function respelled(token: string): string {
  return token.slice(0, -1) + ALPHABET[ALPHABET.indexOf(token.at(-1)!) ^ 1]!;
}
