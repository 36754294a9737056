import { startAuthApp, type AuthApp } from './fixtures/auth-app.fixture.js';
import { forge } from './fixtures/forge.fixture.js';
import { SETTINGS } from './fixtures/settings.fixture.js';

const JSON_TYPE = ['Content-Type', 'application/json'];

let auth: AuthApp;
beforeAll(async () => (auth = await startAuthApp()));
afterAll(() => auth.close());
beforeEach(() => (auth.audited.length = 0));

const where = (method: string, path: string) => ({ method, path, ip: '127.0.0.1' });
const decision = { event: 'audit.decision' };
const revoke = (token: string, body?: object) =>
  auth.call('/auth/revoke', {
    method: 'POST',
    token,
    ...(body && { headers: JSON_TYPE, body: JSON.stringify(body) }),
  });

describe('audit records', () => {
  it('have reason, route and address of a refused token, and no part of the token', async () => {
    const token = forge({ claims: { exp: 1, iat: 0 } });
    await auth.call(`/mcp?access=${token}`, { token });
    expect(auth.audited).toEqual([
      {
        ...decision,
        decision: 'refused',
        code: 'expired',
        ...where('GET', '/mcp'),
        status: 401,
        subject: 'alice',
        issuer: SETTINGS.issuer,
      },
    ]);
  });

  it('name the user who lacks a scope', async () => {
    await auth.call('/admin', { token: forge({ claims: { client_id: 'cli' } }) });
    expect(auth.audited).toEqual([
      {
        ...decision,
        decision: 'refused',
        code: 'insufficient_scope',
        ...where('GET', '/admin'),
        status: 403,
        subject: 'alice',
        issuer: SETTINGS.issuer,
        clientId: 'cli',
        tokenId: expect.stringMatching(/^[\w-]{43}$/),
      },
    ]);
  });

  it('name the user who revoked, and what was revoked', async () => {
    const admin = forge({ claims: { sub: 'root', scope: 'mcp:access mcp:admin' } });
    await revoke(admin, { sub: 'mallory' });
    await revoke(admin, { jti: 'some-jti', iss: SETTINGS.issuer });
    const mine = forge({ claims: { jti: 'mine' } });
    await revoke(mine);
    const refused = forge({ claims: { sub: 'carol', jti: 'of-carol' } });
    await revoke(refused, { sub: 'bob' });
    const revoked = { ...decision, decision: 'revoked', ...where('POST', '/auth/revoke') };
    expect(auth.audited).toMatchObject([
      {
        ...revoked,
        code: 'sub',
        subject: 'root',
        revoked: expect.arrayContaining([{ issuer: SETTINGS.issuer, subject: 'mallory' }]),
      },
      { ...revoked, code: 'jti', subject: 'root', revoked: [{ tokenId: expect.any(String) }] },
      { ...revoked, code: 'own', subject: 'alice', revoked: [{ tokenId: expect.any(String) }] },
      { decision: 'refused', code: 'insufficient_scope', subject: 'carol' },
    ]);
    const [, , own] = auth.audited as { tokenId?: string; revoked?: { tokenId: string }[] }[];
    expect(own?.revoked).toEqual([{ tokenId: own?.tokenId }]);
  });

  it('are not written where there was nothing to revoke', async () => {
    const admin = forge({ claims: { sub: 'root', scope: 'mcp:access mcp:admin' } });
    expect((await revoke(admin, { token: 'no token' })).status).toBe(200);
    expect(auth.audited).toEqual([]);
  });

  it('name a development token by the same id as its later use', async () => {
    const { json } = await auth.call('/auth/token?username=dave&scope=mcp:access');
    await auth.call('/admin', { token: String(json['token']) });
    const [issued, refused] = auth.audited as { tokenId?: string }[];
    expect(issued).toMatchObject({
      decision: 'issued',
      code: 'development_token',
      subject: 'dave',
      scope: 'mcp:access',
      ...where('GET', '/auth/token'),
    });
    expect(refused).toMatchObject({ code: 'insufficient_scope', tokenId: issued?.tokenId });
  });

  it('contain no token', async () => {
    const token = forge();
    for (const path of ['/admin', '/mcp']) await auth.call(path, { token });
    await auth.call('/mcp', { token: `${token}x` });
    await revoke(token);
    expect(auth.audited.length).toBeGreaterThan(2);
    for (const part of token.split('.')) expect(JSON.stringify(auth.audited)).not.toContain(part);
  });
});
