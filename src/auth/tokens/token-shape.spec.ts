import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CompactEncrypt, CompactSign, exportJWK, FlattenedSign } from 'jose';
import { encode, forge, goodClaims, signed, respelled } from '../fixtures/forge.fixture.js';
import { SECRET, SETTINGS } from '../fixtures/settings.fixture.js';
import { PrincipalFactory } from './principal.factory.js';
import { TokenError } from './token.error.js';
import { TokenVerifier } from './token.verifier.js';
import { trustedIssuersFrom } from './trusted-issuer.js';

const verifier = new TokenVerifier(trustedIssuersFrom(SETTINGS), new PrincipalFactory(SETTINGS));
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
/** The code of the refusal. */
const refusal = (token: string): Promise<unknown> =>
  verifier.verify(token).then(
    () => 'accepted',
    (error: unknown) => (error instanceof TokenError ? error.code : error),
  );

describe('a bad header', () => {
  it.each([undefined, '', 5, null, 'logout+jwt', 'dpop+jwt', 'JWT ', 'id+jwt', 'application/jwt', 'JOSE'])(
    'has typ %j',
    async (typ) => {
      expect(await refusal(forge({ header: { typ } }))).toBe('wrong_type');
    },
  );

  it.each([[['exp']], [['b64']], [['x-unknown']], [[]], ['exp']])('has crit %j', async (crit) => {
    expect(await refusal(forge({ header: { crit } }))).toBe('forbidden_header');
  });

  it('names a key, which is not fetched', async () => {
    const contacted: unknown[] = [];
    const listener = await listen((url) => contacted.push(url));
    const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/keys`;
    const jwk = await exportJWK(rsa.publicKey);
    for (const header of [{ jku: url }, { x5u: url }, { jwk }, { x5c: ['MIIB'] }]) {
      expect(await refusal(forge({ header }))).toBe('forbidden_header');
      const payload = new TextEncoder().encode(JSON.stringify(goodClaims()));
      const jws = new CompactSign(payload).setProtectedHeader({
        alg: 'RS256',
        typ: 'JWT',
        kid: url,
        ...header,
      });
      expect(await refusal(await jws.sign(rsa.privateKey))).toBe('forbidden_header');
    }
    expect(await refusal(forge({ header: { kid: url }, claims: { iss: url } }))).toBe('wrong_issuer');
    listener.close();
    expect(contacted).toEqual([]);
  });

  it('makes the token too large', async () => {
    expect(await refusal(forge({ header: { kid: 'k'.repeat(10_240) } }))).toBe('too_large');
  });
});

describe('what is not a signed JWT', () => {
  it('is encrypted', async () => {
    const jwe = new CompactEncrypt(new TextEncoder().encode(JSON.stringify(goodClaims())));
    const key = createSecretKey(SECRET.slice(0, 32), 'utf8');
    const token = await jwe.setProtectedHeader({ alg: 'dir', enc: 'A256GCM', typ: 'JWT' }).encrypt(key);
    expect(await refusal(token)).toBe('encrypted');
  });

  it('has spare bits set in a part: one token has one spelling', async () => {
    // Lengths that leave unused bits in each part.
    const [header, payload, signature] = forge({ header: { n: 1 }, claims: { n: 12 } }).split('.') as [
      string,
      string,
      string,
    ];
    const spare: unknown[] = [];
    for (const pad of ['', 'x', 'xx']) {
      const token = forge({ header: { pad }, claims: { pad } });
      const parts = token.split('.');
      for (const [at, part] of parts.entries()) {
        const other = parts.with(at, respelled(part)).join('.');
        // A part of whole groups of four has no unused bits: each letter counts.
        if (part.length % 4 !== 0) spare.push(await refusal(other));
      }
    }
    expect(new Set(spare)).toEqual(new Set(['malformed']));
    for (const spelling of [`${signature}=`, signature.replaceAll(/[-_]|$/g, '+')]) {
      expect(await refusal(`${header}.${payload}.${spelling}`)).toBe('malformed');
    }
  });

  it('is detached', async () => {
    const [header, , signature] = forge().split('.');
    expect(await refusal(`${header}..${signature}`)).toBe('detached');
  });

  it('has a payload that is not encoded', async () => {
    const jws = await new FlattenedSign(new TextEncoder().encode('{}'))
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', b64: false, crit: ['b64'] })
      .sign(createSecretKey(SECRET, 'utf8'));
    expect(await refusal(`${jws.protected}.{}.${jws.signature}`)).toBe('forbidden_header');
    expect(await refusal(forge({ header: { b64: false } }))).toBe('forbidden_header');
  });

  it.each(['', '.', '..', 'a', 'a.b', 'a.b.c', 'a.b.c.d', '....', 'é.é.é', 'e30.e30.'])(
    'is %j',
    async (token) => {
      await expect(verifier.verify(token)).rejects.toMatchObject({ name: 'TokenError' });
    },
  );

  it.each(['[]', 'null', '"x"', '{"iss":', '1'])('has the claims %s', async (claims) => {
    const payload = Buffer.from(claims).toString('base64url');
    expect(await refusal(signed(`${encode({ alg: 'HS256', typ: 'JWT' })}.${payload}`))).toBe('malformed');
  });
});

function listen(onRequest: (url: string | undefined) => void): Promise<Server> {
  const { promise, resolve } = Promise.withResolvers<Server>();
  const server = createServer(({ url }, response) => {
    onRequest(url);
    response.end();
  }).listen(0, '127.0.0.1', () => resolve(server));
  return promise;
}
