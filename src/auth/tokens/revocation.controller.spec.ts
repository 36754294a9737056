import { startAuthApp, type AuthApp } from '../fixtures/auth-app.fixture.js';
import { forge, now } from '../fixtures/forge.fixture.js';
import { SETTINGS } from '../fixtures/settings.fixture.js';
import { DEVELOPMENT_ISSUER } from '../../config/index.js';
import { RevocationStore, type Revocation } from '../../backplane/index.js';

const FORM = ['Content-Type', 'application/x-www-form-urlencoded'];
const JSON_TYPE = ['Content-Type', 'application/json; charset=utf-8'];

let auth: AuthApp;
let serial = 0;
beforeAll(async () => {
  auth = await startAuthApp();
});
afterAll(() => auth.close());

const fresh = (claims = {}) => forge({ claims: { jti: `j${++serial}`, ...claims } });
const admin = () => fresh({ sub: 'root', scope: 'mcp:admin' });
const post = (token: string | undefined, body?: string, headers: readonly string[] = FORM) =>
  auth.call('/auth/revoke', {
    method: 'POST',
    token,
    body,
    headers: body === undefined && headers === FORM ? [] : headers,
  });
const statusOf = async (token: string) => (await auth.call('/any', { token })).status;

describe('one’s own token', () => {
  it.each([
    ['nothing', undefined, FORM],
    ['an empty form', '', FORM],
    ['no bytes of an unknown type', '', ['Content-Type', 'text/plain']],
    ['no chunks', undefined, ['Transfer-Encoding', 'chunked']],
    ['an empty object', '{}', JSON_TYPE],
    ['a form of other things', 'token_type_hint=access_token', FORM],
  ])('is revoked by %s, and refused on the next request', async (_what, body, headers) => {
    const token = fresh({ scope: 'other' });
    expect(await statusOf(token)).toBe(200);
    const reply = await post(token, body, headers);
    expect([reply.status, reply.text]).toEqual([200, '{}']);
    expect(reply.headers['cache-control']).toBe('no-store');
    expect(await statusOf(token)).toBe(401);
  });

  it('without a jti is revoked alone', async () => {
    const one = forge({ claims: { sub: 'nojti', n: 1 } });
    const other = forge({ claims: { sub: 'nojti', n: 2 } });
    await post(one);
    expect([await statusOf(one), await statusOf(other)]).toEqual([401, 200]);
  });

  it('is revoked by a valid token only', async () => {
    expect((await post(undefined)).status).toBe(401);
    expect((await post(undefined, `token=${fresh()}`)).status).toBe(401);
  });
});

describe('the token of another user', () => {
  it.each([
    ['form', FORM, (name: string, value: string) => new URLSearchParams({ [name]: value }).toString()],
    ['JSON', JSON_TYPE, (name: string, value: string) => JSON.stringify({ [name]: value })],
  ])('is revoked by token, jti or sub, as %s', async (_kind, headers, bodyOf) => {
    const sub = `user${++serial}`;
    const [byToken, byJti, bySub, untouched] = [fresh(), fresh({ jti: `by${sub}` }), fresh({ sub }), fresh()];
    expect((await post(admin(), bodyOf('token', byToken), headers)).status).toBe(200);
    expect((await post(admin(), bodyOf('jti', `by${sub}`), headers)).status).toBe(200);
    expect((await post(admin(), bodyOf('sub', sub), headers)).status).toBe(200);
    const statuses = await Promise.all([byToken, byJti, bySub, untouched].map(statusOf));
    expect(statuses).toEqual([401, 401, 401, 200]);
  });

  it('is revoked by jti or sub, also a development token, which has the same secret', async () => {
    const [one, other] = ['d1', 'd2'].map((jti) =>
      forge({ claims: { iss: DEVELOPMENT_ISSUER, sub: jti, jti } }),
    );
    await post(admin(), 'jti=d1');
    await post(admin(), 'sub=d2');
    expect([await statusOf(one!), await statusOf(other!)]).toEqual([401, 401]);
  });

  it('is revoked by sub if it was issued until now, also by a clock that is ahead; later tokens are not', async () => {
    const sub = 'carol';
    const before = [0.5, 3].map((ahead) => fresh({ sub, iat: now() + ahead }));
    await post(admin(), `sub=${sub}`);
    expect(await Promise.all(before.map((token) => statusOf(token)))).toEqual([401, 401]);
    const iat = now() + SETTINGS.clockToleranceSeconds;
    expect(await statusOf(fresh({ sub, iat }))).toBe(401);
    // The development issuer uses this server's own clock.
    expect(await statusOf(fresh({ sub, iss: DEVELOPMENT_ISSUER, iat: now() + 1 }))).toBe(200);
    expect(await statusOf(fresh({ sub, iss: DEVELOPMENT_ISSUER, iat: now() - 1 }))).toBe(401);
  });

  it.each(['garbage', forge({ secret: 'wrong' }), forge({ claims: { iat: 1, exp: 2 } })])(
    'is not revoked by a request with an invalid one: 200 (RFC 7009)',
    async (token) => {
      const reply = await post(admin(), new URLSearchParams({ token }).toString());
      expect([reply.status, reply.text]).toEqual([200, '{}']);
    },
  );

  it.each(['token=x', 'jti=x', 'sub=alice'])('needs mcp:admin: %s', async (body) => {
    const reply = await post(fresh(), body);
    expect(reply.status).toBe(403);
    expect(reply.headers['www-authenticate']).toContain('scope="mcp:admin", error="insufficient_scope"');
    expect(reply.json['error']).toBe('insufficient_scope');
  });
});

describe('the body', () => {
  it.each([
    ['token=a&jti=b', FORM, 400],
    ['jti=a&sub=b', FORM, 400],
    ['jti=', FORM, 400],
    ['jti=a&jti=b', FORM, 400],
    [`jti=${'x'.repeat(257)}`, FORM, 400],
    ['{"jti":""}', JSON_TYPE, 400],
    ['{"jti":5}', JSON_TYPE, 400],
    ['{"sub":null}', JSON_TYPE, 400],
    ['{"token":["a"]}', JSON_TYPE, 400],
    ['["token"]', JSON_TYPE, 400],
    ['{"canary', JSON_TYPE, 400],
    ['"token"', JSON_TYPE, 400],
    [`{"jti":"${'x'.repeat(17_000)}"}`, JSON_TYPE, 413],
    [`jti=${'x'.repeat(17_000)}`, FORM, 413],
    ['jti=a', ['Content-Type', 'text/plain'], 415],
    ['jti=a', [], 415],
    ['{"jti":"a"}', ['Content-Type', 'application/json; charset=koi8-r'], 415],
    ['{"jti":"a"}', [...JSON_TYPE, 'Content-Encoding', 'gzip'], 415],
  ])('%.40s of %j: %i', async (body, headers, status) => {
    const reply = await post(admin(), body, headers);
    expect(reply.status).toBe(status);
    expect(reply.json).toEqual({ error: 'invalid_request', error_description: expect.any(String) });
    expect(reply.text).not.toContain('canary');
  });
});

describe('the entry', () => {
  it('lives as long as any token that it denies', async () => {
    const entries: Revocation[] = [];
    const stop = auth.app.get<RevocationStore>(RevocationStore).onRevoked((entry) => entries.push(entry));
    const exp = now() + 300;
    await post(admin(), `token=${fresh({ exp })}`);
    await post(admin(), 'jti=x');
    stop();
    expect(entries[0]!.expiresAt).toBe(exp + 5);
    // Issued by a clock that is 5 s ahead, with a lifetime of one day, and accepted for 5 s more.
    expect(entries[1]!.expiresAt).toBe(entries[1]!.revokedAt + 86_400 + 5);
  });

  it('that cannot be written is answered 503', async () => {
    const broken = await startAuthApp(
      {},
      { isRevoked: async () => false, revoke: () => Promise.reject(new Error('down')) },
    );
    const reply = await broken.call('/auth/revoke', { method: 'POST', token: fresh() });
    expect([reply.status, reply.headers['retry-after']]).toEqual([503, '1']);
    await broken.close();
  });
});
