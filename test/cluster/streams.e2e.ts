import { BackplaneNode } from '../../src/backplane/index.js';
import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { ResourceRegistry, SessionService, ToolRegistry } from '../../src/mcp/index.js';
import { Listening } from '../support/listening.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import { RawSession } from '../support/raw-session.js';
import { RESOURCES } from '../support/resources.js';
import type { TestApp } from '../support/test-app.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { AppNodes, at } from './support/app-nodes.js';

const CHANGED = 'tools/list_changed';

const connected = ({ app }: TestApp, { sessionId }: McpEndpoint): boolean =>
  app.get(SessionService, { strict: false }).get(sessionId!)?.hasStream === true;

/** How many entries Redis was given so far. */
async function written({ redis }: AppNodes): Promise<number> {
  const stats = await redis.client.info('commandstats');
  return Number(/^cmdstat_xadd:calls=(\d+)/m.exec(stats)![1]);
}

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('streams for messages that belong to no request, on any node', () => {
  let nodes: AppNodes;
  let [a, b, c]: readonly TestApp[] = [];
  let token: string;
  let added = 0;
  beforeAll(async () => {
    nodes = await AppNodes.start(3, RESOURCES, { SESSIONS_PER_PRINCIPAL: '1100' });
    [a, b, c] = nodes.apps;
    token = await signToken();
  }, 60_000);
  afterAll(() => nodes.stop());

  /** Changes the list of tools on a node, and waits until all nodes have heard of it. */
  const change = async ({ app }: TestApp): Promise<void> => {
    const heard = Promise.all(
      nodes.apps.map(
        (each) =>
          new Promise<void>((resolve) => {
            const stop = each.app.get(BackplaneNode).bus.on('catalogue.changed', (body) => {
              // Updates of resources are told on the same topic.
              if ((body as { kind: string }).kind !== 'list') return;
              stop();
              resolve();
            });
          }),
      ),
    );
    added += 1;
    const name = `late-${added}`;
    app.get(ToolRegistry, { strict: false }).add({ name, description: name }, { execute: () => name });
    await heard;
  };

  it('tell of changes on every node, by one message to Redis for all sessions', async () => {
    const streams: Listening[] = [];
    // All at once would keep this process, and with it the nodes, from hearing each other for a second.
    while (streams.length < 1_000) {
      const opening = Array.from({ length: 50 }, async (_, n) => {
        const app = nodes.apps[n % 3]!;
        return Listening.open(at(app, await McpEndpoint.open(a!.url, token), token));
      });
      streams.push(...(await Promise.all(opening)));
    }
    const old = await RawSession.open(b!.url, token);
    const before = await written(nodes);
    await change(c!);
    await until(() => streams.every(({ heard }) => heard.length === 1));
    await old.until(() => old.events.some(({ data }) => data.includes(CHANGED)));
    expect(streams.map(({ heard }) => heard)).toEqual(streams.map(() => [CHANGED]));
    expect((await written(nodes)) - before).toBe(1);
    old.close();
    for (const stream of streams) stream.leave();
  }, 120_000);

  it('tell of resources that were subscribed to on another node', async () => {
    const endpoint = await McpEndpoint.open(a!.url, token);
    const stream = await Listening.open(endpoint);
    expect(
      (await at(b!, endpoint, token).request(1, 'resources/subscribe', { uri: 'app://motd' })).result,
    ).toEqual({});
    for (const uri of ['app://logo', 'app://motd'])
      c!.app.get(ResourceRegistry, { strict: false }).updated(uri);
    await until(() => stream.heard.length > 0);
    await change(b!);
    await until(() => stream.heard.length > 1);
    expect(stream.heard).toEqual(['resources/updated app://motd', CHANGED]);
    stream.leave();
  });

  it('take turns: the newest of all nodes carries the messages, and an older one takes over', async () => {
    const endpoint = await McpEndpoint.open(a!.url, token);
    const older = await Listening.open(endpoint);
    const newer = await Listening.open(at(b!, endpoint, token));
    await change(a!);
    await until(() => newer.heard.length === 1);
    newer.leave();
    // Until its node has seen that it has left, and the other one has heard so.
    while (older.heard.length === 0) await change(c!);
    const { length } = older.heard;
    await change(b!);
    await until(() => older.heard.length === length + 1);
    expect(newer.heard).toEqual([CHANGED]);
    expect([older.ended, newer.ended]).toEqual([false, false]);
    older.leave();
  });

  it('go on at another node with exactly what was missed', async () => {
    const endpoint = await McpEndpoint.open(a!.url, token);
    expect((await endpoint.request(1, 'resources/subscribe', { uri: 'app://motd' })).result).toEqual({});
    const first = await Listening.open(endpoint);
    await change(a!);
    await until(() => first.heard.length === 1);
    first.leave();
    await until(() => !connected(a!, endpoint));
    b!.app.get(ResourceRegistry, { strict: false }).updated('app://motd');
    await change(c!);
    await change(c!);
    const second = await Listening.open(at(b!, endpoint, token), first.lastId);
    await until(() => second.heard.length === 2);
    await change(a!);
    await until(() => second.heard.length === 3);
    // Of several changes of one thing the newest is told.
    expect(second.heard).toEqual(['resources/updated app://motd', CHANGED, CHANGED]);
    // Nothing is told twice where the client comes back at once, while its node has not seen it leave.
    const third = await Listening.open(at(c!, endpoint, token), second.lastId);
    await change(b!);
    await until(() => third.heard.length === 1);
    await until(() => second.ended);
    expect(second.heard).toHaveLength(3);
    third.leave();
  });

  it('tell a client that all lists have changed where the messages that it missed are gone', async () => {
    const endpoint = await McpEndpoint.open(a!.url, token);
    const first = await Listening.open(endpoint);
    await until(() => first.lastId !== '');
    const gone = first.lastId.replace(/\.[\d-]+$/, '.1-1');
    const second = await Listening.open(at(b!, endpoint, token), gone);
    await until(() => second.heard.length === 3);
    expect(second.heard).toEqual([CHANGED, 'prompts/list_changed', 'resources/list_changed']);
    for (const stream of [first, second]) stream.leave();
  });

  it('reach subscriptions of 2026-07-28 too', async () => {
    const leaving = new AbortController();
    const response = await new McpEndpoint(a!.url, token).subscribe(leaving.signal);
    let text = '';
    const reading = response.body!.pipeThrough(new TextDecoderStream()).pipeTo(
      new WritableStream({
        write: (chunk) => {
          text += chunk;
        },
      }),
    );
    await until(() => text.includes('acknowledged'));
    await change(b!);
    await until(() => text.includes(CHANGED));
    leaving.abort();
    await reading.catch(() => undefined);
  });
});
