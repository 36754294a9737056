import { generateKeyPairSync } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Logger } from '@nestjs/common';
import { exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from 'jose';
import { DEFAULT_CLAIMS } from '../../config/index.js';
import { jwksUriIn } from './issuer-metadata.js';
import { IssuerKeys } from './issuer.keys.js';
import { readKeyList } from './key-list.js';

Logger.overrideLogger(false);

const JWKS = '/jwks';
const DISCOVERY = '/tenant/.well-known/openid-configuration';
const METADATA = '/.well-known/oauth-authorization-server/tenant';

/** The provider's responses, by path. */
type Answers = Readonly<Record<string, RequestListener>>;

let servers: Server[] = [];
let asked: string[] = [];
let good: JWK;
let goodKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

beforeAll(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true });
  goodKey = pair.privateKey;
  good = { ...(await exportJWK(pair.publicKey)), kid: 'good' };
});

beforeEach(() => {
  asked = [];
});

afterEach(() => {
  for (const server of servers) server.close().closeAllConnections();
  servers = [];
});

const json =
  (body: unknown): RequestListener =>
  (_request, response) =>
    void response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body));

async function listen(answers: (origin: string) => Answers): Promise<string> {
  const server = createServer((request, response) => {
    asked.push(request.url!);
    const answer = answers(origin)[request.url!];
    if (answer) answer(request, response);
    else response.writeHead(404).end();
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return origin;
}

const keysFor = (issuer: string, jwksUri?: string) =>
  new IssuerKeys({
    issuer,
    jwksUri,
    audiences: [],
    algorithms: ['ES256', 'RS256'],
    types: [],
    claims: DEFAULT_CLAIMS,
    clockToleranceSeconds: 30,
    scopes: undefined,
    administers: 'own',
  });

/** 'good' where a valid token of the key `good` is accepted, or the name of the error. */
const outcome = (issuer: string, jwksUri?: string, kid?: string) => verify(keysFor(issuer, jwksUri), kid);

async function verify(keys: IssuerKeys, kid?: string) {
  const header = kid === undefined ? { alg: 'ES256' } : { alg: 'ES256', kid };
  const token = await new SignJWT({}).setProtectedHeader(header).sign(goodKey);
  return jwtVerify(token, keys.keyFor).then(
    () => 'good',
    (error: unknown) => (error as Error).name,
  );
}

const keysOf = (answer: RequestListener, kid = 'good') =>
  listen(() => ({ [JWKS]: answer })).then((origin) => outcome(origin, origin + JWKS, kid));

describe('the JWK Set', () => {
  it('verifies what its keys have signed', async () =>
    expect(await keysOf(json({ keys: [good] }))).toBe('good'));

  it.each<readonly [string, () => RequestListener]>([
    ['is another status', () => (_request, response) => void response.writeHead(500).end()],
    ['is no JSON', () => (_request, response) => void response.end('<html>')],
    ['is no object', () => json([good])],
    ['has no list', () => json({ keys: { good } })],
    ['has no key', () => json({ keys: [] })],
    ['has a shared secret only', () => json({ keys: [{ kty: 'oct', k: 'AAAA', kid: 'good' }] })],
    ['has over 100 keys', () => json({ keys: Array.from({ length: 101 }, () => good) })],
    ['is over 256 KiB', () => json({ keys: [good], pad: 'x'.repeat(256 * 1024) })],
    [
      'is over 256 KiB once it is unpacked',
      () => (_request, response) => {
        response.setHeader('Content-Encoding', 'gzip');
        response.end(gzipSync(JSON.stringify({ keys: [good], pad: 'x'.repeat(1024 * 1024) })));
      },
    ],
    ['never comes', () => () => {}],
    ['breaks off', () => (_request, response) => void response.write('{"keys":', () => response.destroy())],
  ])('that %s is not used', async (_what, answer) => {
    expect(await keysOf(answer())).toBe('IssuerUnavailableError');
  });

  it.each([301, 302, 307, 308])('does not follow redirect %d', async (status) => {
    const elsewhere = await listen(() => ({ '/keys': json({ keys: [good] }) }));
    const redirect: RequestListener = (_request, response) =>
      void response.writeHead(status, { Location: `${elsewhere}/keys` }).end();
    expect(await keysOf(redirect)).toBe('IssuerUnavailableError');
    expect(asked).toEqual([JWKS]);
  });

  it('is used without its invalid keys', async () => {
    const spoiled = [null, 'x', {}, { kty: 'oct', k: 'AAAA', kid: 'good' }, { ...good, d: 'AAAA' }];
    expect(await keysOf(json({ keys: [...spoiled, good] }))).toBe('good');
  });

  it('may have several keys that fit: a token must name one then', async () => {
    const keys = { keys: [good, { ...good, kid: 'other' }] };
    const origin = await listen(() => ({ [JWKS]: json(keys) }));
    expect(await outcome(origin, origin + JWKS)).toBe('JWKSMultipleMatchingKeys');
    expect(await outcome(origin, origin + JWKS, 'good')).toBe('good');
  });

  it('may have as many as 100 keys', () => {
    expect(readKeyList({ keys: Array.from({ length: 100 }, () => good) }).keys.keys).toHaveLength(100);
  });

  it.each([
    [1024, 1],
    [2047, 1],
    [2048, 0],
    [4096, 0],
  ])('with an RSA key of %d bits: %d keys are refused', async (modulusLength, refused) => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength });
    const list = readKeyList({ keys: [good, publicKey.export({ format: 'jwk' })] });
    expect(list.refused).toBe(refused);
    expect(list.keys.keys).toHaveLength(2 - refused);
  });
});

describe('the metadata', () => {
  const documents = (place: string, more: object = {}) =>
    listen((origin) => ({
      [place]: json({ issuer: `${origin}/tenant`, jwks_uri: origin + JWKS, ...more }),
      [JWKS]: json({ keys: [good] }),
    }));

  it.each([
    [DISCOVERY, [DISCOVERY, JWKS]],
    [METADATA, [DISCOVERY, METADATA, JWKS]],
  ])('is found at %s', async (place, path) => {
    expect(await outcome(`${await documents(place)}/tenant`)).toBe('good');
    expect(asked).toEqual(path);
  });

  it('is found under an issuer with a slash at its end', async () => {
    const origin = await listen((own) => ({
      [DISCOVERY]: json({ issuer: `${own}/tenant/`, jwks_uri: own + JWKS }),
      [JWKS]: json({ keys: [good] }),
    }));
    expect(await outcome(`${origin}/tenant/`)).toBe('good');
  });

  it('that is found and is not JSON is not looked for elsewhere', async () => {
    const origin = await listen((own) => ({
      [DISCOVERY]: (_request, response) => void response.end('<html>'),
      [METADATA]: json({ issuer: `${own}/tenant`, jwks_uri: own + JWKS }),
    }));
    expect(await outcome(`${origin}/tenant`)).toBe('IssuerUnavailableError');
    expect(asked).toEqual([DISCOVERY]);
  });

  it('is read again when the keys are no longer at its address', async () => {
    let at = '/first';
    const origin = await listen((own) => ({
      [DISCOVERY]: json({ issuer: `${own}/tenant`, jwks_uri: own + at }),
      [at]: json({ keys: [good] }),
    }));
    const keys = keysFor(`${origin}/tenant`);
    expect(await verify(keys, 'good')).toBe('good');
    at = '/second';
    const start = Date.now();
    const clock = jest.spyOn(Date, 'now');
    // The keys are old, and then the cooldown has passed.
    for (const passed of [11 * 60_000, 12 * 60_000]) {
      clock.mockReturnValue(start + passed);
      expect(await verify(keys, 'good')).toBe('good');
    }
    clock.mockRestore();
    expect(asked).toEqual([DISCOVERY, '/first', '/first', DISCOVERY, '/second']);
  });

  it.each([
    ['of another issuer', { issuer: 'https://id.example.com' }],
    ['of an issuer with a slash more', { issuer: `http://127.0.0.1/tenant/` }],
    ['without issuer', { issuer: undefined }],
    ['without jwks_uri', { jwks_uri: undefined }],
    ['with plain http elsewhere', { jwks_uri: 'http://id.example.com/jwks' }],
    ['with a file', { jwks_uri: 'file:///etc/passwd' }],
    ['with data', { jwks_uri: 'data:application/json,{"keys":[]}' }],
    ['with credentials', { jwks_uri: 'https://user:pass@id.example.com/jwks' }],
  ])('%s is not used, and no keys are fetched', async (_what, more) => {
    expect(await outcome(`${await documents(DISCOVERY, more)}/tenant`)).toBe('IssuerUnavailableError');
    expect(asked).toEqual([DISCOVERY]);
  });

  it('of an https issuer names https keys only', () => {
    const issuer = 'https://id.example.com';
    const read = (jwks_uri: string) => () => jwksUriIn({ issuer, jwks_uri }, issuer);
    expect(read('https://keys.example.com/a')()).toBe('https://keys.example.com/a');
    expect(read('http://127.0.0.1/keys')).toThrow('no jwks_uri that may be fetched');
  });
});
