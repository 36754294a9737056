import type { Provider } from '@nestjs/common';
import { BackplaneNode } from '../../../src/backplane/index.js';
import { RedisProcess } from '../../../src/backplane/fixtures/redis-process.fixture.js';
import { McpEndpoint } from '../../support/mcp-endpoint.js';
import { RawSession } from '../../support/raw-session.js';
import { startApp, type TestApp } from '../../support/test-app.js';

/** Nodes in this process over a Redis of their own: a test can look into each. */
export class AppNodes {
  private constructor(
    readonly redis: RedisProcess,
    readonly apps: readonly TestApp[],
  ) {}

  static async start(
    count: number,
    providers: Provider[] = [],
    env: Record<string, string> = {},
  ): Promise<AppNodes> {
    const redis = await RedisProcess.start();
    const settings = { REDIS_URL: redis.url, SHUTDOWN_DELAY: '0s', ...env };
    const starting = Array.from({ length: count }, () => startApp(settings, providers));
    const apps = await Promise.all(starting);
    // Each has heard of all.
    await Promise.all(apps.map(({ app }) => app.get(BackplaneNode).membership.beat()));
    return new AppNodes(redis, apps);
  }

  async stop(): Promise<void> {
    await Promise.all(this.apps.map((app) => app.close()));
    await this.redis.stop();
  }
}

/** The same session of `/mcp`, at another node. */
export function at(app: TestApp, { sessionId }: McpEndpoint, token: string): McpEndpoint {
  const there = new McpEndpoint(app.url, token);
  there.sessionId = sessionId;
  return there;
}

/** POSTs to a session of `/sse` at another node than that of its stream. */
export function postAt(
  { url }: { readonly url: string },
  session: RawSession,
  token: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url + session.endpoint, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}
