import { BackplaneNode } from '../../src/backplane/index.js';
import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { GATED } from '../support/gate.tool.js';
import { eventsOf, McpEndpoint } from '../support/mcp-endpoint.js';
import { signToken } from '../support/tokens.js';
import { AppNodes, at } from './support/app-nodes.js';
import { CROSSING_TOOLS, gateOf } from './support/crossing.tools.js';

async function messagesOf(response: Response): Promise<unknown[]> {
  const messages: unknown[] = [];
  for await (const { data } of eventsOf(response)) if (data !== '') messages.push(JSON.parse(data));
  return messages;
}

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('a reply that has begun while there was one node', () => {
  let nodes: AppNodes;
  let token: string;
  beforeEach(async () => {
    nodes = await AppNodes.start(1, [...GATED, ...CROSSING_TOOLS]);
    token = await signToken();
  }, 60_000);
  afterEach(() => nodes.stop());

  /** Starts a call, loses its connection, and resumes its stream at a node that has joined since. */
  const resumed = async (key: string): Promise<Response> => {
    const first = await McpEndpoint.open(nodes.apps[0]!.url, token);
    const params = { name: 'stepwise', arguments: { key }, _meta: { progressToken: 'p' } };
    const request = { jsonrpc: '2.0', id: key, method: 'tools/call', params };
    const leaving = new AbortController();
    const begun = eventsOf(await first.post(request, {}, leaving.signal));
    await begun.next();
    const { id } = (await begun.next()).value!;
    leaving.abort();
    await nodes.join(1);
    return at(nodes.apps[1]!, first, token).get({ 'Last-Event-ID': id });
  };

  it('goes on at a node that has joined since, until the reply', async () => {
    const rest = await resumed('joined');
    expect(rest.status).toBe(200);
    (await gateOf(nodes.apps[0]!).held('joined')).release('done');
    expect(await messagesOf(rest)).toMatchObject([
      { method: 'notifications/progress', params: { progress: 2 } },
      { id: 'joined', result: { content: [{ text: 'done' }] } },
    ]);
  });

  it('ends there with an error once its own node is gone', async () => {
    const rest = await resumed('gone');
    await nodes.apps[0]!.app.get(BackplaneNode).membership.stop();
    expect(await messagesOf(rest)).toMatchObject([{ id: 'gone', error: { code: -32000 } }]);
  }, 60_000);
});
