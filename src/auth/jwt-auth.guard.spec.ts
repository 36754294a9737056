import { RevocationStore } from '../backplane/index.js';
import { startAuthApp, type AuthApp } from './fixtures/auth-app.fixture.js';
import { forge, now } from './fixtures/forge.fixture.js';
import { TokenVerifier } from './tokens/token.verifier.js';

const METADATA = 'https://mcp.example.com/.well-known/oauth-protected-resource';

let auth: AuthApp;
beforeAll(async () => {
  auth = await startAuthApp();
});
afterAll(() => auth.close());
afterEach(() => {
  auth.logged.length = 0;
});

describe('public and guarded routes', () => {
  it('serves a public route to every client, whatever its token', async () => {
    expect((await auth.call('/open')).status).toBe(200);
    expect((await auth.call('/open', { token: 'garbage' })).status).toBe(200);
  });

  it('sets the caller on the request, frozen', async () => {
    const token = forge({ claims: { jti: 'j', azp: 'app', roles: ['operator'] } });
    const { status, json } = await auth.call('/mcp', { token });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      clientId: 'app',
      scopes: ['mcp:access', 'mcp:admin', 'ops:read'],
      subject: 'alice',
      jti: 'j',
      roles: ['operator'],
      frozen: true,
    });
  });

  it('requires mcp:access, or the scopes of the route', async () => {
    const other = forge({ claims: { scope: 'other' } });
    expect((await auth.call('/any', { token: other })).status).toBe(200);
    expect((await auth.call('/mcp', { token: other })).status).toBe(403);
    expect((await auth.call('/admin', { token: forge({ claims: { roles: ['operator'] } }) })).status).toBe(
      200,
    );
  });

  it('keeps apart the scopes of two controllers that inherit one handler', async () => {
    const heir = forge({ claims: { scope: 'heir' } });
    for (let i = 0; i < 2; i++) {
      expect((await auth.call('/mcp', { token: forge() })).status).toBe(200);
      expect((await auth.call('/mcp', { token: heir })).status).toBe(403);
      expect((await auth.call('/heir/mcp', { token: forge() })).status).toBe(403);
      expect((await auth.call('/heir/mcp', { token: heir })).status).toBe(200);
      expect((await auth.call('/heir/open')).status).toBe(200);
    }
  });
});

describe('the challenge', () => {
  it('names mcp:access where the route accepts any token', async () => {
    const { headers } = await auth.call('/any');
    expect(headers['www-authenticate']).toContain('scope="mcp:access"');
  });

  it('names only mcp:access where the route needs more: clients request at login all that is named', async () => {
    for (const token of [undefined, forge({ claims: { iat: 1, exp: 2 } })]) {
      const { headers } = await auth.call('/admin', { token });
      expect(headers['www-authenticate']).toContain('scope="mcp:access"');
    }
  });

  it.each([
    ['GET', '/mcp', '/mcp'],
    ['GET', '/MCP/', '/mcp'],
    ['GET', '/sse', '/sse'],
    ['POST', '/message?sessionId=1', '/sse'],
    ['GET', '/elsewhere', ''],
  ])('without a token: %s %s', async (method, path, document) => {
    const reply = await auth.call(path, { method });
    expect(reply.status).toBe(401);
    expect(reply.headers['www-authenticate']).toBe(
      `Bearer resource_metadata="${METADATA}${document}", scope="mcp:access"`,
    );
    expect(reply.headers['cache-control']).toBe('no-store');
    expect(Object.keys(reply.json)).toEqual(['error', 'error_description']);
  });

  it('with a bad token names the error, and nothing of the token', async () => {
    const reply = await auth.call('/mcp', { token: forge({ claims: { iat: 1, exp: 2, sub: 'canary-1' } }) });
    expect(reply.status).toBe(401);
    expect(reply.headers['www-authenticate']).toBe(
      `Bearer resource_metadata="${METADATA}/mcp", scope="mcp:access", error="invalid_token", error_description="The token has expired"`,
    );
    expect(reply.json).toEqual({ error: 'invalid_token', error_description: 'The token has expired' });
  });

  it('for a token without a scope names all required scopes', async () => {
    const reply = await auth.call('/admin', { token: forge() });
    expect(reply.status).toBe(403);
    const challenge = reply.headers['www-authenticate'];
    expect(challenge).toContain(`Bearer resource_metadata="${METADATA}", scope="mcp:access mcp:admin"`);
    expect(challenge).toContain('error="insufficient_scope"');
    expect(reply.json['error']).toBe('insufficient_scope');
  });

  it('is logged once, without query and token', async () => {
    await auth.call('/mcp?secret=canary-2', { token: forge({ secret: 'no', claims: { sub: 'canary-2' } }) });
    expect(auth.logged).toEqual([
      {
        event: 'auth.refused',
        code: 'bad_signature',
        method: 'GET',
        path: '/mcp',
        ip: '127.0.0.1',
        status: 401,
      },
    ]);
  });
});

const good = () => `Bearer ${forge()}`;

/** A request to a protected route, with its log lines. */
async function knock(headers: readonly string[], path = '/mcp') {
  const { status, ...reply } = await auth.call(path, { headers });
  const codes = auth.logged.splice(0).map((line) => (line as { code?: unknown }).code);
  return { verdict: [status, ...codes], ...reply };
}

describe('the place of the token', () => {
  it.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('scheme %s is accepted', async (scheme) => {
    expect((await auth.call('/mcp', { headers: ['Authorization', `${scheme}  ${forge()}`] })).status).toBe(
      200,
    );
  });

  it('two tokens are refused, also where the first is valid', async () => {
    for (const second of [good(), 'Basic eDp5', '']) {
      const { verdict } = await knock(['Authorization', good(), 'AUTHORIZATION', second]);
      expect(verdict).toEqual([401, 'duplicate_header']);
    }
  });

  it.each(['Basic eDp5', 'DPoP x', 'Token x', 'MAC x', 'Bearer2 x'])(
    '%s is no bearer token',
    async (value) => {
      const reply = await knock(['Authorization', value]);
      expect(reply.verdict).toEqual([401, 'wrong_scheme']);
      expect(reply.headers['www-authenticate']).not.toContain('error=');
    },
  );

  it.each([
    (token: string) => `${token} trailing`,
    (token: string) => `${token}, Bearer ${token}`,
    (token: string) => `"${token}"`,
    (token: string) => `\t${token}`,
    (token: string) => `token=${token}`.replace('=', ' = '),
    () => '',
    () => 'é.é.é',
    () => 'a\u00a0b',
  ])('a malformed header is refused: %s', async (spoil) => {
    const { verdict } = await knock(['Authorization', `Bearer ${spoil(forge())}`]);
    expect(verdict).toEqual([401, 'malformed_header']);
  });

  it('in the query a token is refused, also beside a valid header', async () => {
    for (const path of [`/mcp?access_token=${forge()}`, '/mcp?a=1&%61ccess_token=x', '/mcp?access_token']) {
      const reply = await knock(['Authorization', good()], path);
      expect(reply.verdict).toEqual([401, 'token_in_query']);
      expect(reply.headers['www-authenticate']).toContain('error="invalid_request"');
      expect(reply.json['error_description']).toContain('header');
    }
    expect(
      (await auth.call('/mcp?note=access_token%3D1', { headers: ['Authorization', good()] })).status,
    ).toBe(200);
  });

  it('in a form or a cookie a token is ignored', async () => {
    const headers = [
      'Content-Type',
      'application/x-www-form-urlencoded',
      'Cookie',
      `access_token=${forge()}`,
    ];
    const reply = await auth.call('/message', { method: 'POST', headers, body: `access_token=${forge()}` });
    expect(reply.status).toBe(401);
    expect(auth.logged).toEqual([expect.objectContaining({ code: 'missing_token' })]);
  });

  it('a token of over 8 KiB is refused', async () => {
    const { verdict } = await knock(['Authorization', `Bearer ${'a'.repeat(8193)}`]);
    expect(verdict).toEqual([401, 'too_large']);
  });
});

describe('the deny list', () => {
  it('is consulted on every request, also for a cached token', async () => {
    const verify = jest.spyOn(auth.app.get(TokenVerifier), 'verify');
    const token = forge({ claims: { sub: 'bob' } });
    const { tokenId } = (await auth.call('/mcp', { token })).json as { tokenId: string };
    expect((await auth.call('/mcp', { token })).status).toBe(200);
    expect(verify).toHaveBeenCalledTimes(1);
    const target = { kind: 'token', tokenId } as const;
    await auth.app.get(RevocationStore).revoke({ target, revokedAt: now(), expiresAt: now() + 700 });
    const reply = await auth.call('/mcp', { token });
    expect([reply.status, reply.json['error_description']]).toEqual([401, 'The token has been revoked']);
    verify.mockRestore();
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('redis://:password@down'))],
    [
      'throws',
      () => {
        throw new Error('down');
      },
    ],
  ])('that %s refuses every token', async (_how, isRevoked) => {
    const broken = await startAuthApp({}, { isRevoked });
    for (let i = 0; i < 2; i++) {
      const reply = await broken.call('/mcp', { token: forge() });
      expect(reply.status).toBe(503);
      expect(reply.headers['retry-after']).toMatch(/^\d+$/);
      expect(reply.json['error']).toBe('temporarily_unavailable');
      expect(reply.text).not.toContain('password');
    }
    expect((await broken.call('/mcp', { token: 'x' })).status).toBe(401);
    await broken.close();
  });
});

it('two applications in one process each keep their own key', async () => {
  const secret = 'the secret of another application: 81';
  const other = await startAuthApp({ secret });
  expect((await auth.call('/mcp', { token: forge() })).status).toBe(200);
  expect((await auth.call('/mcp', { token: forge({ secret }) })).status).toBe(401);
  expect((await other.call('/mcp', { token: forge({ secret }) })).status).toBe(200);
  await other.close();
});
