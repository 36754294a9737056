import { PUBLIC_URL, startApp, type TestApp } from '../support/test-app.js';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

describe('GET /', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  it('tells a program where things are, at the public URL', async () => {
    const response = await fetch(app.url);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toMatchObject({
      name: 'nestjs-mcp-server',
      mcp: `${PUBLIC_URL}/mcp`,
      sse: `${PUBLIC_URL}/sse`,
      token: `${PUBLIC_URL}/auth/token?username=you&scope=mcp:access`,
    });
  });

  it('is kept apart by caches for those who want a page and those who do not', async () => {
    expect((await fetch(app.url)).headers.get('vary')).toBe('Accept');
  });

  it('keeps a quiet connection for longer than a proxy does', async () => {
    expect((await fetch(app.url)).headers.get('keep-alive')).toBe('timeout=75');
  });

  it('shows a browser a page that runs nothing and loads nothing', async () => {
    const response = await fetch(app.url, { headers: { Accept: BROWSER } });
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    const page = await response.text();
    expect(page).toContain(`${PUBLIC_URL}/mcp`);
    expect(page).toContain('username=you&#38;scope=mcp:access');
    expect(page).not.toMatch(/<script|<link|<img|src=/);
  });

  it('shows a browser a page that no other page can frame, open or learn of', async () => {
    const { headers } = await fetch(app.url, { headers: { Accept: BROWSER } });
    const names = [
      'Cross-Origin-Opener-Policy',
      'Referrer-Policy',
      'X-Content-Type-Options',
      'X-Frame-Options',
    ];
    expect(names.map((name) => headers.get(name))).toEqual(['same-origin', 'no-referrer', 'nosniff', 'DENY']);
    const policy = headers.get('content-security-policy')!.split('; ');
    expect(policy.toSorted()).toEqual([
      "base-uri 'none'",
      "default-src 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "style-src 'unsafe-inline'",
    ]);
  });

  it('leads to the addresses that it names', async () => {
    const places = (await (await fetch(app.url)).json()) as Record<string, string>;
    for (const name of ['health', 'resource_metadata', 'token']) {
      const { pathname, search } = new URL(places[name]!);
      expect((await fetch(`${app.url}${pathname}${search}`)).status).toBe(200);
    }
  });
});

it('names no token route where there is none', async () => {
  const app = await startApp({ AUTH_DEV_TOKENS: 'false' });
  expect(await (await fetch(app.url)).json()).not.toHaveProperty('token');
  expect(await (await fetch(app.url, { headers: { Accept: BROWSER } })).text()).not.toContain('/auth/token');
  await app.close();
});
