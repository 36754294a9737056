import type { Provider } from '@nestjs/common';
import { BackplaneNode } from '../../../src/backplane/index.js';
import { RedisProcess } from '../../../src/backplane/fixtures/redis-process.fixture.js';
import { McpEndpoint } from '../../support/mcp-endpoint.js';
import { RawSession } from '../../support/raw-session.js';
import { startApp, type TestApp } from '../../support/test-app.js';
import { until } from '../../support/until.js';
import { assertClean } from './checker.js';
import { keysOf } from './redis-keys.js';
import { Recording } from './recording.js';

/** Nodes in this process over a Redis of their own: a test can look into each. */
export class AppNodes {
  readonly apps: TestApp[] = [];
  private readonly recording = new Recording();

  private constructor(
    readonly redis: RedisProcess,
    private readonly env: Readonly<Record<string, string>>,
    private readonly providers: Provider[],
  ) {}

  static async start(
    count: number,
    providers: Provider[] = [],
    env: Record<string, string> = {},
  ): Promise<AppNodes> {
    const redis = await RedisProcess.start();
    const nodes = new AppNodes(redis, { REDIS_URL: redis.url, SHUTDOWN_DELAY: '0s', ...env }, providers);
    await nodes.join(count);
    return nodes;
  }

  /** Starts further nodes. */
  async join(count: number): Promise<void> {
    const starting = Array.from({ length: count }, () => startApp(this.env, this.providers));
    for (const app of await Promise.all(starting)) {
      this.recording.attach(`n${this.apps.push(app)}`, app);
    }
    await Promise.all(this.apps.map(hasHeardOfAll));
  }

  /** A session has ended for another reason than that its client wanted it: the checker takes it for unknown from now on. */
  hasEnded({ id }: RawSession): void {
    this.recording.end(id);
  }

  /** Rejects where the checker finds something wrong with all that clients have sent and received. */
  async stop(): Promise<void> {
    const { history } = this.recording;
    // A failed test may have left it down.
    const keys = await keysOf(this.redis).catch(() => []);
    await Promise.all(this.apps.map((app) => app.close()));
    await this.redis.stop();
    assertClean({ ...history, keys });
  }
}

/** On a busy machine a node may lose its connection while others start. */
function hasHeardOfAll({ app }: TestApp): Promise<void> {
  const { membership } = app.get(BackplaneNode);
  return until(() =>
    membership.beat().then(
      () => true,
      () => false,
    ),
  );
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
