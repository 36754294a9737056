import { type AuditTrail, RefusalLog } from '../../audit/index.js';
import { decodeJwt } from 'jose';
import type { Request } from 'express';
import { JwtService } from '@nestjs/jwt';
import { DEVELOPMENT_ISSUER } from '../../config/index.js';
import { startAuthApp, type AuthApp } from '../fixtures/auth-app.fixture.js';
import { SETTINGS } from '../fixtures/settings.fixture.js';
import { AuthLog } from '../auth.log.js';
import { DevelopmentTokenService } from './development-token.service.js';
import { jwtOptionsFrom, TokenIssuer } from './token.issuer.js';

let auth: AuthApp;
beforeAll(async () => {
  auth = await startAuthApp();
});
afterAll(() => auth.close());

describe('claims of a team’s own', () => {
  it('are those of JWT_CLAIMS alone', async () => {
    const { json } = await auth.call('/auth/token?username=alice&claim.tenant=acme');
    expect(decodeJwt(String(json['token']))).toMatchObject({ tenant: 'acme', sub: 'alice' });
    const refused = await auth.call('/auth/token?username=alice&claim.scope=mcp:admin');
    expect([refused.status, refused.json['error']]).toEqual([400, 'invalid_request']);
  });
});

describe('on the developer’s machine', () => {
  it('issues a token that the server accepts', async () => {
    const reply = await auth.call('/auth/token?username=alice');
    const { token } = reply.json;
    expect(reply.status).toBe(200);
    expect(reply.json).toEqual({
      token,
      access_token: token,
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'mcp:access',
    });
    expect(reply.headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
    const claims = decodeJwt(String(token));
    expect(claims).toMatchObject({ iss: DEVELOPMENT_ISSUER, sub: 'alice', aud: SETTINGS.audience });
    expect(claims.exp! - claims.iat!).toBe(3600);
    expect(claims.jti).toHaveLength(36);
    expect((await auth.call('/mcp', { token: String(token) })).status).toBe(200);
  });

  it('gives the scope that is asked for', async () => {
    const reply = await auth.call(
      '/auth/token?username=%C3%A9l%20%F0%9F%91%8B&scope=mcp%3Aaccess+mcp%3Aadmin',
    );
    expect(reply.json['scope']).toBe('mcp:access mcp:admin');
    expect((await auth.call('/admin', { token: String(reply.json['token']) })).status).toBe(200);
  });

  it.each([
    '',
    '?username',
    '?username=',
    '?username=a&username=b',
    '?username[]=a',
    `?username=${'x'.repeat(257)}`,
    '?username=a%0d%0ab',
    '?username=a%00',
    '?username=a%1b[31m',
    '?username=a&scope=',
    '?username=a&scope=a%20%20b',
    '?username=a&scope=%20a',
    '?username=a&scope=a%22b',
    '?username=a&scope=%C3%A9',
    '?username=a&scope=a&scope=b',
    `?username=a&scope=${'x'.repeat(1025)}`,
  ])('refuses %j', async (query) => {
    const reply = await auth.call(`/auth/token${query}`);
    expect(reply.status).toBe(400);
    expect(reply.json).toEqual({ error: 'invalid_request', error_description: expect.any(String) });
  });

  it('accepts a name of 256 characters', async () => {
    const reply = await auth.call(`/auth/token?username=${'x'.repeat(256)}`);
    expect((await auth.call('/mcp', { token: String(reply.json['token']) })).status).toBe(200);
  });
});

describe('the route does not exist', () => {
  it('where the settings do not offer it', async () => {
    const production = await startAuthApp({ developmentTokens: false });
    const reply = await production.call('/auth/token?username=a');
    const unknown = await production.call('/auth/tokem?username=a');
    expect([reply.status, unknown.status]).toEqual([404, 404]);
    expect(reply.text).not.toContain('development');
    const issued = (await auth.call('/auth/token?username=a')).json['token'];
    expect((await production.call('/mcp', { token: String(issued) })).status).toBe(401);
    await production.close();
  });

  it.each(['X-Forwarded-For', 'x-forwarded-for', 'Forwarded', 'X-Forwarded-Host', 'X-Real-IP', 'Via'])(
    'behind a proxy on this machine, known by %s',
    async (name) => {
      const reply = await auth.call('/auth/token?username=a', { headers: [name, '127.0.0.1'] });
      expect(reply.status).toBe(404);
    },
  );

  const silent: AuditTrail = { isOn: false, write: () => {}, digest: () => '' };
  const tokens = new DevelopmentTokenService(
    new TokenIssuer(new JwtService(jwtOptionsFrom(SETTINGS)), SETTINGS),
    new AuthLog(silent, new RefusalLog(silent)),
    SETTINGS,
  );
  const from = (remoteAddress?: string, localAddress?: string) =>
    tokens.issueFor({
      method: 'GET',
      originalUrl: '/auth/token?username=a',
      headers: { host: 'localhost:3001' },
      httpVersion: '1.1',
      socket: { remoteAddress, localAddress, localPort: 3001 },
    } as Request);

  it.each([
    ['192.168.1.7', '127.0.0.1'],
    ['::ffff:10.0.0.1', '::ffff:127.0.0.1'],
    ['128.0.0.1', '127.0.0.1'],
    ['::2', '::1'],
    [undefined, '127.0.0.1'],
    ['127.0.0.1', '192.168.1.7'],
    ['127.0.0.1', undefined],
    ['127.0.0.1', '0.0.0.0'],
  ])('for the peer %s of the listener %s', (remote, local) =>
    expect(from(remote, local)).rejects.toMatchObject({ status: 404 }),
  );

  it.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])('except for %s', (address) =>
    expect(from(address, address)).resolves.toMatchObject({ token_type: 'Bearer' }),
  );
});
