import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { DEVELOPMENT_ISSUER } from '../../config/index.js';
import { encode, forge, goodClaims, now, signed } from '../fixtures/forge.fixture.js';
import { SETTINGS } from '../fixtures/settings.fixture.js';
import { PrincipalFactory } from './principal.factory.js';
import { TokenError } from './token.error.js';
import { TokenVerifier } from './token.verifier.js';
import { trustedIssuersFrom } from './trusted-issuer.js';

const verifierFor = (settings = SETTINGS) =>
  new TokenVerifier(trustedIssuersFrom(settings), new PrincipalFactory(settings));
const verifier = verifierFor();
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** The code of the refusal. */
const refusal = (token: string): Promise<unknown> =>
  verifier.verify(token).then(
    () => 'accepted',
    (error: unknown) => (error instanceof TokenError ? error.code : error),
  );
const signWith = (alg: string, key: KeyObject) =>
  new SignJWT({ ...goodClaims() }).setProtectedHeader({ alg, typ: 'JWT' }).sign(key);

describe('a good token', () => {
  it('becomes the caller', async () => {
    const exp = now() + 600;
    const caller = await verifier.verify(
      forge({ claims: { exp, iat: now() - 1, jti: 'j1', client_id: 'cli' } }),
    );
    expect(caller).toMatchObject({ clientId: 'cli', scopes: ['mcp:access'], expiresAt: exp * 1_000 });
    expect(caller).toMatchObject({ issuer: SETTINGS.issuer, subject: 'alice', jti: 'j1', roles: [] });
  });

  it.each(['JWT', 'jwt', 'at+jwt', 'AT+JWT', 'application/at+jwt'])('may have typ %s', async (typ) => {
    await expect(verifier.verify(forge({ header: { typ } }))).resolves.toBeDefined();
  });

  it.each([
    ['https://mcp.example.com/'],
    [['https://other.example.com', 'https://mcp.example.com']],
    [['https://mcp.example.com/']],
  ])('may have aud %j', async (aud) => {
    await expect(verifier.verify(forge({ claims: { aud } }))).resolves.toBeDefined();
  });

  it('may have an audience without the final slash of the configured one', async () => {
    const slashed = verifierFor({ ...SETTINGS, audience: `${SETTINGS.audience}/` });
    await expect(slashed.verify(forge())).resolves.toBeDefined();
  });

  it('may have the longest lifetime that is allowed', async () => {
    const iat = now();
    const claims = { iat, exp: iat + SETTINGS.maxLifetimeSeconds };
    await expect(verifier.verify(forge({ claims }))).resolves.toBeDefined();
  });

  it('may be from a clock as far away as JWT_CLOCK_TOLERANCE says', async () => {
    const far = verifierFor({ ...SETTINGS, clockToleranceSeconds: 60 });
    const exact = verifierFor({ ...SETTINGS, clockToleranceSeconds: 0 });
    for (const claims of [
      { iat: now() - 90, exp: now() - 50 },
      { iat: now() + 50, nbf: now() + 50 },
    ]) {
      await expect(far.verify(forge({ claims }))).resolves.toBeDefined();
      await expect(exact.verify(forge({ claims }))).rejects.toBeInstanceOf(TokenError);
    }
  });

  it('may be from an issuer whose clock is up to 5 s away', async () => {
    await expect(verifier.verify(forge({ claims: { exp: now() - 3 } }))).resolves.toBeDefined();
    await expect(
      verifier.verify(forge({ claims: { iat: now() + 4, nbf: now() + 4 } })),
    ).resolves.toBeDefined();
  });

  it.each(['../../../../dev/null', "x' UNION SELECT 'key", 'unknown'])(
    'is verified whatever its kid is: %j',
    async (kid) => {
      await expect(verifier.verify(forge({ header: { kid } }))).resolves.toBeDefined();
      expect(await refusal(forge({ header: { kid }, secret: '' }))).toBe('bad_signature');
    },
  );

  it.each([
    [{ scope: 'a  b' }, ['a', 'b']],
    [{ scope: ['a', 'b'] }, ['a', 'b']],
    [{ scope: undefined, scp: 'a b' }, ['a', 'b']],
    [{ scope: undefined, scp: ['a'] }, ['a']],
    [{ scope: undefined }, []],
    [{ scope: 'mcp:admin', roles: ['operator', 'constructor', '__proto__'] }, ['mcp:admin', 'ops:read']],
  ])('has its scopes read from %j', async (claims, scopes) => {
    expect((await verifier.verify(forge({ claims }))).scopes).toEqual(scopes);
  });

  it('has azp as its client where there is no client_id, and none otherwise', async () => {
    expect((await verifier.verify(forge({ claims: { azp: 'app' } }))).clientId).toBe('app');
    expect((await verifier.verify(forge())).clientId).toBe('');
  });
});

describe('the development issuer', () => {
  it('is trusted only with development tokens on', async () => {
    const token = forge({ claims: { iss: DEVELOPMENT_ISSUER } });
    await expect(verifier.verify(token)).resolves.toBeDefined();
    const production = verifierFor({ ...SETTINGS, developmentTokens: false });
    await expect(production.verify(token)).rejects.toMatchObject({ code: 'wrong_issuer' });
  });
});

describe('a bad signature', () => {
  it('is missing', async () => {
    const input = `${encode({ alg: 'none', typ: 'JWT' })}.${encode(goodClaims())}`;
    expect(await refusal(`${input}.`)).toBe('wrong_algorithm');
    expect(await refusal(signed(input))).toBe('wrong_algorithm');
    for (const alg of ['None', 'NONE', '', undefined, 5]) {
      await expect(verifier.verify(forge({ header: { alg } }))).rejects.toMatchObject({ name: 'TokenError' });
    }
  });

  it('is made with another key, or with none', async () => {
    expect(await refusal(forge({ secret: 'another secret of the tests: 77' }))).toBe('bad_signature');
    expect(await refusal(forge({ secret: '' }))).toBe('bad_signature');
    expect(await refusal(forge().replace(/[^.]*$/, ''))).toBe('bad_signature');
  });

  it('is HMAC with a public key', async () => {
    const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
    expect(await refusal(forge({ secret: String(pem) }))).toBe('bad_signature');
  });

  it('is over other claims', async () => {
    const [header, , signature] = forge().split('.');
    expect(await refusal(`${header}.${encode({ ...goodClaims(), sub: 'root' })}.${signature}`)).toBe(
      'bad_signature',
    );
  });

  it.each(['sha384', 'sha512'])('is HMAC with %s', async (digest) => {
    expect(await refusal(forge({ header: { alg: digest.replace('sha', 'HS') }, digest }))).toBe(
      'wrong_algorithm',
    );
  });

  it.each([
    ['RS256', rsa.privateKey],
    ['PS256', rsa.privateKey],
    ['ES256', ec.privateKey],
  ])('is of the algorithm %s', async (alg, key) => {
    expect(await refusal(await signWith(alg, key))).toBe('wrong_algorithm');
  });
});

describe('a bad claim', () => {
  it.each([
    ['iss', undefined, 'missing_claim'],
    ['iss', 'https://evil.example.com', 'wrong_issuer'],
    ['iss', 'https://login.example.com/', 'wrong_issuer'],
    ['iss', ['https://login.example.com'], 'wrong_issuer'],
    ['aud', undefined, 'missing_claim'],
    ['aud', '', 'wrong_audience'],
    ['aud', [], 'wrong_audience'],
    ['aud', ['https://a.example.com', 'https://b.example.com'], 'wrong_audience'],
    ['aud', 'https://mcp.example', 'wrong_audience'],
    ['aud', 'https://mcp.example.com.evil.org', 'wrong_audience'],
    ['aud', 'https://mcp.example.com/mcp', 'wrong_audience'],
    ['aud', 'https://mcp.example.com//', 'wrong_audience'],
    ['aud', { 0: 'https://mcp.example.com' }, 'wrong_audience'],
    ['sub', undefined, 'missing_claim'],
    ['sub', '', 'bad_subject'],
    ['sub', 5, 'bad_subject'],
    ['sub', null, 'bad_subject'],
    ['sub', 'x'.repeat(257), 'bad_subject'],
    ['sub', 'alice\r\nroot', 'bad_subject'],
    ['jti', '', 'bad_claim'],
    ['jti', 7, 'bad_claim'],
    ['exp', undefined, 'missing_claim'],
    ['exp', '9999999999', 'bad_claim'],
    ['exp', null, 'bad_claim'],
    ['iat', undefined, 'missing_claim'],
    ['iat', '1', 'bad_claim'],
    ['scope', 5, 'bad_claim'],
    ['scope', [5], 'bad_claim'],
    ['roles', {}, 'bad_claim'],
    ['client_id', {}, 'bad_claim'],
    ['nbf', 'soon', 'bad_claim'],
  ])('is %s %j', async (claim, value, code) => {
    expect(await refusal(forge({ claims: { [claim]: value } }))).toBe(code);
  });

  it('is a time in the wrong order, or too long a lifetime', async () => {
    expect(await refusal(forge({ claims: { iat: now() - 60, exp: now() - 6 } }))).toBe('expired');
    expect(await refusal(forge({ claims: { nbf: now() + 10 } }))).toBe('not_yet_valid');
    expect(await refusal(forge({ claims: { iat: now() + 10 } }))).toBe('issued_in_future');
    expect(await refusal(forge({ claims: { iat: now(), exp: now() + 86_401 } }))).toBe('lifetime_too_long');
    expect(await refusal(forge({ claims: { iat: -1 } }))).toBe('lifetime_too_long');
  });

  it('is a number beyond the range of doubles', async () => {
    const claims = JSON.stringify({ ...goodClaims(), exp: 0 }).replace('"exp":0', '"exp":1e999');
    const payload = Buffer.from(claims).toString('base64url');
    expect(await refusal(signed(`${encode({ alg: 'HS256', typ: 'JWT' })}.${payload}`))).toBe('bad_claim');
  });
});

it('reveals nothing of the token in the error', async () => {
  const canary = 'canary-5d1f';
  const claims = { sub: canary, aud: canary, jti: canary };
  const error: Error = await verifier.verify(forge({ claims, header: { kid: canary } })).catch((e) => e);
  expect(`${error.message}${error.stack}${JSON.stringify(error)}${String(error.cause)}`).not.toContain(
    canary,
  );
});
