import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';

let app: TestApp;
let token: string;
let endpoint: McpEndpoint;
beforeAll(async () => {
  app = await startApp();
  token = await app.token();
  endpoint = await McpEndpoint.open(app.url, token);
});
afterAll(() => app.close());

it.each([
  ['/sse', () => RawSession.open(app.url, token)],
  ['GET /mcp', () => endpoint.get()],
])('the request of a stream of %s keeps its user and headers, and no token', async (_route, open) => {
  const server: Server = app.app.getHttpServer();
  const requested = once(server, 'request') as Promise<[IncomingMessage & { readonly user?: unknown }]>;
  await open();
  const [{ headers, rawHeaders, user, ...request }] = await requested;
  expect(JSON.stringify([headers, rawHeaders])).not.toContain(token);
  expect(headers.host).toBe(new URL(app.url).host);
  expect(user).toMatchObject({ subject: expect.any(String) });
  expect(request).toMatchObject({ authorization: undefined, next: undefined });
});
