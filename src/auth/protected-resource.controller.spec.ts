import { startAuthApp, type AuthApp } from './fixtures/auth-app.fixture.js';

let auth: AuthApp;
beforeAll(async () => {
  auth = await startAuthApp();
});
afterAll(() => auth.close());

it.each(['', '/mcp', '/sse'])('describes %j to anybody, whatever host they name', async (endpoint) => {
  const path = `/.well-known/oauth-protected-resource${endpoint}`;
  const reply = await auth.call(path, { headers: ['X-Forwarded-Host', 'evil.example.com'] });
  expect(reply.status).toBe(200);
  expect(reply.headers['content-type']).toContain('application/json');
  expect(reply.json).toEqual({
    resource: `https://mcp.example.com${endpoint}`,
    scopes_supported: ['mcp:access', 'mcp:admin'],
    bearer_methods_supported: ['header'],
    resource_name: 'NestJS MCP server',
  });
});

it('knows no other document', async () => {
  expect((await auth.call('/.well-known/oauth-protected-resource/other')).status).toBe(404);
});
