import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { ToolRegistry } from '../../src/mcp/index.js';
import { Listening } from '../support/listening.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import type { TestApp } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { AppNodes } from './support/app-nodes.js';

const add = ({ app }: TestApp): void =>
  app
    .get(ToolRegistry, { strict: false })
    .add({ name: 'new', description: 'Is on some nodes.' }, { execute: () => 'new' });

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('nodes with different catalogues', () => {
  let nodes: AppNodes;
  beforeAll(async () => {
    nodes = await AppNodes.start(3);
  }, 60_000);
  afterAll(() => nodes.stop());

  it('log that once each; when they agree again, clients are told of all lists', async () => {
    const [a, b, c] = nodes.apps as [TestApp, TestApp, TestApp];
    const logs = RecordedLogs.of(a);
    const stream = await Listening.open(await McpEndpoint.open(a.url, await signToken()));
    add(b);
    await until(() => logs.events('catalogue.differs').length === 3);
    const { nodes: digests } = logs.events('catalogue.differs')[0] as { nodes: Record<string, string> };
    expect([Object.keys(digests).length, new Set(Object.values(digests)).size]).toEqual([3, 2]);
    expect(new Set(stream.heard)).toEqual(new Set(['tools/list_changed']));
    for (const app of [a, c]) add(app);
    await until(() => logs.events('catalogue.agrees').length === 3);
    await until(() => stream.heard.includes('prompts/list_changed'));
    expect(logs.events('catalogue.differs')).toHaveLength(3);
    expect(stream.ended).toBe(false);
    stream.leave();
  }, 60_000);
});
