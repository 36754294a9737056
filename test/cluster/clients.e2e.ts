import { hasRedis } from '../../src/backplane/fixtures/redis-process.fixture.js';
import { ASKED_CLIENTS } from '../support/asking-clients.js';
import { ASKING } from '../support/asking.tools.js';
import { CLIENTS } from '../support/clients.js';
import { textOf } from '../support/sdk-client.js';
import { signToken } from '../support/tokens.js';
import { AppNodes } from './support/app-nodes.js';
import { Balancer } from './support/balancer.js';

// Skipped where no redis-server is installed: hasRedis() writes so to standard error, and .ci/run installs one.
(hasRedis() ? describe : describe.skip)('real clients, each request of which reaches another node', () => {
  let nodes: AppNodes;
  let balancer: Balancer;
  let token: string;
  beforeAll(async () => {
    nodes = await AppNodes.start(3, ASKING);
    balancer = await Balancer.alternating(nodes.apps);
    token = await signToken();
  }, 60_000);
  afterEach(() => balancer.assertAlternated());
  afterAll(async () => {
    balancer.close();
    await nodes.stop();
  });

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
});
