import { startAuthApp, type AuthApp } from './fixtures/auth-app.fixture.js';
import { DEFAULT_CLAIMS } from '../config/index.js';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const ISSUER = {
  issuer: 'https://id.example.com',
  jwksUri: undefined,
  audiences: ['https://mcp.example.com'],
  algorithms: ['ES256'],
  types: ['at+jwt'],
  claims: DEFAULT_CLAIMS,
  clockToleranceSeconds: 30,
  scopes: undefined,
  administers: 'own' as const,
};

describe('at the root of an origin', () => {
  let auth: AuthApp;
  beforeAll(async () => {
    auth = await startAuthApp();
  });
  afterAll(() => auth.close());

  it.each(['', '/mcp', '/sse'])(
    'describes %j without a token, whatever the Host header',
    async (endpoint) => {
      const headers = ['X-Forwarded-Host', 'evil.example.com'];
      const reply = await auth.call(WELL_KNOWN + endpoint, { headers });
      expect(reply.status).toBe(200);
      expect(reply.headers['content-type']).toContain('application/json');
      expect(reply.headers['cache-control']).toBe('public, max-age=300');
      expect(reply.json).toEqual({
        resource: `https://mcp.example.com${endpoint}`,
        scopes_supported: ['mcp:access'],
        bearer_methods_supported: ['header'],
        resource_name: 'NestJS MCP server',
      });
    },
  );

  it.each([
    `${WELL_KNOWN}/other`,
    `${WELL_KNOWN}/mcp/mcp`,
    `${WELL_KNOWN}/base/mcp`,
    `/base${WELL_KNOWN}`,
    `${WELL_KNOWN}/%2e%2e/mcp`,
  ])('has no document at %s', async (path) => {
    expect((await auth.call(path)).status).toBe(404);
  });
});

describe('with a path', () => {
  let auth: AuthApp;
  beforeAll(async () => {
    auth = await startAuthApp({ publicUrl: 'https://x.example/a/base', externalIssuers: [ISSUER] });
  });
  afterAll(() => auth.close());

  it.each([
    ['to the proxy that passes it on as it is', (endpoint: string) => `${WELL_KNOWN}/a/base${endpoint}`],
    ['to the proxy that takes the path off', (endpoint: string) => WELL_KNOWN + endpoint],
    ['where it used to be, and passed on as it is', (endpoint: string) => `/a/base${WELL_KNOWN}${endpoint}`],
  ])('answers %s', async (_how, pathOf) => {
    for (const endpoint of ['', '/mcp', '/sse']) {
      const reply = await auth.call(pathOf(endpoint));
      expect([reply.status, reply.json['resource']]).toEqual([200, `https://x.example/a/base${endpoint}`]);
      expect(reply.json['authorization_servers']).toEqual(['https://id.example.com']);
    }
  });

  it.each([
    ['/mcp', '/mcp'],
    ['/sse', '/sse'],
    ['/elsewhere', ''],
  ])('names the document of %s below the well-known path', async (path, endpoint) => {
    const { headers } = await auth.call(path);
    const address = `https://x.example${WELL_KNOWN}/a/base${endpoint}`;
    expect(headers['www-authenticate']).toContain(`resource_metadata="${address}",`);
    expect((await auth.call(new URL(address).pathname)).status).toBe(200);
  });

  it.each([
    `${WELL_KNOWN}/a/base/other`,
    `${WELL_KNOWN}/a/basemcp`,
    `${WELL_KNOWN}/a`,
    `/a${WELL_KNOWN}`,
    `/b${WELL_KNOWN}/mcp`,
    `/a/base${WELL_KNOWN}/a/base/mcp`,
  ])('has no document at %s', async (path) => {
    expect((await auth.call(path)).status).toBe(404);
  });
});
