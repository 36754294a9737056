import { BackplaneNode } from '../../src/backplane/index.js';
import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { ToolRegistry } from '../../src/mcp/index.js';
import { ASKED_CLIENTS } from '../support/asking-clients.js';
import { ASKING } from '../support/asking.tools.js';
import { CLIENTS } from '../support/clients.js';
import { Gate, GATED, type Held } from '../support/gate.tool.js';
import { textOf } from '../support/sdk-client.js';
import { STREAMABLE_SDKS } from '../support/streamable-sdk.js';
import { signToken } from '../support/tokens.js';
import { until } from '../support/until.js';
import { AppNodes } from './support/app-nodes.js';
import { Balancer } from './support/balancer.js';
import { CROSSING_TOOLS } from './support/crossing.tools.js';

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('real clients of nodes that they never meet twice in a row', () => {
  let nodes: AppNodes;
  let balancer: Balancer;
  let token: string;
  beforeAll(async () => {
    nodes = await AppNodes.start(3, [...GATED, ...ASKING, ...CROSSING_TOOLS]);
    balancer = await Balancer.start('alternate');
    await Promise.all(nodes.apps.map(({ url }, at) => balancer.add(`n${at + 1}`, url)));
    token = await signToken();
  }, 60_000);
  afterEach(() => {
    // What the balancer has seen of each session: never one node twice in a row.
    const last = new Map<string, string>();
    for (const { session, node } of balancer.journal.splice(0)) {
      if (session === undefined) continue;
      if (last.get(session) === node) throw new Error(`${session} was at ${node} twice in a row`);
      last.set(session, node);
    }
  });
  afterAll(async () => {
    balancer.close();
    await nodes.stop();
  });

  /** The call of this key, on whichever node it runs. */
  const heldAt = async (key: string): Promise<Held> => {
    const gates = nodes.apps.map(({ app }) => app.get(Gate, { strict: false }));
    await until(() => gates.some((gate) => gate.isHeld(key)));
    return gates.find((gate) => gate.isHeld(key))!.held(key);
  };

  it.each(CLIENTS)('$name: lists and calls', async ({ connect }) => {
    const client = await connect(balancer.url, token);
    expect(await client.toolNames()).toContain('test');
    for (let times = 0; times < 5; times += 1) {
      expect(await client.call('echo', { message: `hello ${times}` })).toEqual({
        text: `Echo: hello ${times}`,
        isError: false,
      });
    }
    await client.close();
  });

  it.each(ASKED_CLIENTS)('$name: is asked, and its answer arrives', async ({ connect }) => {
    const client = await connect(balancer.url, token, {
      elicit: () => ({ action: 'accept', content: { name: 'Alice' } }),
      sample: () => ({ role: 'assistant', content: { type: 'text', text: 'Paris' }, model: 'm' }),
    });
    for (let times = 0; times < 3; times += 1) {
      expect(textOf(await client.callTool({ name: 'greet' }))).toBe('Hello, Alice!');
      expect(textOf(await client.callTool({ name: 'ask-model' }))).toContain('Paris');
    }
    await client.close();
  });

  it.each(STREAMABLE_SDKS)('$name: hears of progress and changes, and cancels', async ({ name, connect }) => {
    const client = await connect(balancer.url, token);
    let steps = 0;
    const stepping = client.call('stepwise', { key: name }, { onprogress: () => (steps += 1) });
    (await heldAt(name)).release('done');
    expect(textOf(await stepping)).toBe('done');
    expect(steps).toBe(2);
    for (const { app } of nodes.apps) {
      const before = client.notices.length;
      const added = `added-${name}-${before}`.replaceAll(' ', '-');
      const heard = new Promise<void>((resolve) => {
        app.get(BackplaneNode).bus.on('catalogue.changed', () => resolve());
      });
      app
        .get(ToolRegistry, { strict: false })
        .add({ name: added, description: added }, { execute: () => '' });
      await heard;
      await until(() => client.notices.length > before);
    }
    const leaving = new AbortController();
    const key = `cancelled by ${name}`;
    const call = client.call('wait', { key }, { signal: leaving.signal }).catch(() => 'cancelled');
    const { signal } = await heldAt(key);
    leaving.abort();
    expect(await call).toBe('cancelled');
    await until(() => signal.aborted);
  });
});
