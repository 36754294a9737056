import { BackplaneNode } from '../../src/backplane/index.js';
import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { PromptRegistry, ResourceRegistry, ToolRegistry } from '../../src/mcp/index.js';
import { Listening } from '../support/listening.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RecordedLogs } from '../support/recorded-logs.js';
import type { TestApp } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { AppNodes } from './support/app-nodes.js';

const of = <Registry>({ app }: TestApp, type: abstract new (...args: never[]) => Registry): Registry =>
  app.get(type, { strict: false });
const add = (app: TestApp, name = 'new'): void =>
  of(app, ToolRegistry).add({ name, description: 'Is on some nodes.' }, { execute: () => name });
const countIn = ({ heard }: Listening, what: string): number => heard.filter((one) => one === what).length;

const LISTS = ['tools/list_changed', 'prompts/list_changed', 'resources/list_changed'];

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('nodes with different catalogues', () => {
  let nodes: AppNodes;
  let a: TestApp;
  let b: TestApp;
  let c: TestApp;
  beforeAll(async () => {
    nodes = await AppNodes.start(3);
    [a, b, c] = nodes.apps as [TestApp, TestApp, TestApp];
    // A node that was killed, of another build.
    const dead = `${Date.now()} 0 1 ${JSON.stringify({ catalogue: 'of another build' })}`;
    await nodes.redis.client.hset('mcp:b:{nodes}', 'dead', dead);
    // Heartbeats are sent when a test says so.
    for (const { app } of nodes.apps) {
      const { timer } = app.get(BackplaneNode).membership as unknown as { timer: NodeJS.Timeout };
      clearInterval(timer);
    }
  }, 60_000);
  afterAll(() => nodes.stop());

  const beat = async (): Promise<void> => {
    for (const { app } of nodes.apps) await app.get(BackplaneNode).membership.beat();
  };
  const logged = async (logs: RecordedLogs, event: string): Promise<void> =>
    until(async () => {
      await beat();
      return logs.events(event).length === 3;
    });

  // First: several nodes may announce the agreement of the other test, up to 100 ms after its end.
  it('log nothing where they agree again within five seconds, and one of them tells the clients', async () => {
    const logs = RecordedLogs.of(a);
    const stream = await Listening.open(await McpEndpoint.open(c.url, await signToken()));
    const addTo = async (app: TestApp, name: string): Promise<void> => {
      const before = countIn(stream, LISTS[0]!);
      add(app, name);
      await until(() => countIn(stream, LISTS[0]!) > before);
    };
    await addTo(b, 'soon');
    await beat();
    await beat();
    expect(stream.heard).toEqual([LISTS[0]]);
    for (const app of [a, c]) await addTo(app, 'soon');
    await beat();
    await until(() => stream.heard.length === 6);
    await until(() => new Set(nodes.apps.map(({ app }) => app.get(BackplaneNode).bus.newest)).size === 1);
    await beat();
    // What is told later is heard later.
    for (const app of [a, b, c]) await addTo(app, 'last');
    expect(LISTS.map((list) => countIn(stream, list))).toEqual([7, 1, 1]);
    expect(['differs', 'agrees'].flatMap((what) => logs.events(`catalogue.${what}`))).toEqual([]);
    stream.leave();
  });

  it('each log the difference once; when they agree again, clients are told of all lists', async () => {
    const logs = RecordedLogs.of(a);
    const stream = await Listening.open(await McpEndpoint.open(a.url, await signToken()));
    add(b);
    await logged(logs, 'catalogue.differs');
    const { nodes: digests } = logs.events('catalogue.differs')[0] as { nodes: Record<string, string> };
    expect([Object.keys(digests).length, new Set(Object.values(digests)).size]).toEqual([3, 2]);
    expect(new Set(stream.heard)).toEqual(new Set(['tools/list_changed']));
    for (const app of [a, c]) add(app);
    await logged(logs, 'catalogue.agrees');
    await until(() => stream.heard.includes('prompts/list_changed'));
    expect(logs.events('catalogue.differs')).toHaveLength(3);
    expect(stream.ended).toBe(false);
    stream.leave();
  }, 60_000);

  it('compare tools, resources, families of resources and prompts', async () => {
    const { membership } = a.app.get(BackplaneNode);
    const digest = (): unknown => membership.all.find(({ id }) => id === membership.self)!.info['catalogue'];
    const additions = [
      () => add(a, 'compared'),
      () => of(a, ResourceRegistry).add({ name: 'x', uri: 'app://x' }, { read: () => 'x' }),
      () => of(a, ResourceRegistry).add({ name: 'y', uriTemplate: 'app://y/{id}' }, { read: () => 'y' }),
      () => of(a, PromptRegistry).add({ name: 'z', description: 'Is compared.' }, { render: () => 'z' }),
    ];
    for (const addOne of additions) {
      const before = digest();
      addOne();
      await until(async () => {
        await membership.beat();
        return digest() !== before;
      });
    }
  });
});
