import { z } from 'zod';
import { ToolRegistry } from '../../src/mcp/index.js';
import { ERAS } from '../support/eras/index.js';
import { HARD_TEXTS } from '../support/hard-texts.js';
import { McpEndpoint } from '../support/mcp-endpoint.js';
import type { Reply } from '../support/raw-session.js';
import { startApp, type TestApp } from '../support/test-app.js';

/** With half of a surrogate pair, which no strict parser of JSON accepts. */
const DESCRIPTION = `${Object.values(HARD_TEXTS).join('; ')} \ud800`;
const NAMES = Array.from({ length: 300 }, (_, at) => `tool-${String(at).padStart(3, '0')}`);

class AnyTool {
  execute(): string {
    return 'called';
  }
}

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
  const registry = app.app.get(ToolRegistry, { strict: false });
  for (const name of NAMES) {
    registry.add({ name, description: DESCRIPTION, input: z.object({}) }, new AnyTool());
  }
});
afterAll(() => app.close());

/** The description of each listed tool, by name. */
function listed({ result }: Reply): Readonly<Record<string, string>> {
  const { tools } = result as { tools: { name: string; description: string }[] };
  return Object.fromEntries(tools.map(({ name, description }) => [name, description]));
}

const EXPECTED = Object.fromEntries(NAMES.map((name) => [name, DESCRIPTION.toWellFormed()]));

it.each(ERAS)('a long list in $name is whole, to the letter, each time', async ({ connect }) => {
  const client = await connect(app.url, await app.token());
  for (const id of ['a"\u00e9', 2]) {
    expect(listed(await client.request(id, 'tools/list'))).toMatchObject(EXPECTED);
  }
  client.close();
});

it('a long list is the same for a client that accepts event streams only', async () => {
  const endpoint = await McpEndpoint.open(app.url, await app.token());
  const request = { jsonrpc: '2.0', id: 3, method: 'tools/list' };
  const response = await endpoint.post(request, { Accept: 'text/event-stream' });
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: {'));
  expect(lines.map((line) => listed(JSON.parse(line.slice(6)) as Reply))).toEqual([
    expect.objectContaining(EXPECTED),
  ]);
});

it('a long list is the same in a batch', async () => {
  const endpoint = await McpEndpoint.open(app.url, await app.token(), '2025-03-26');
  const response = await endpoint.post([1, 2].map((id) => ({ jsonrpc: '2.0', id, method: 'tools/list' })));
  const replies = (await response.json()) as Reply[];
  expect(replies.map(listed)).toEqual([expect.objectContaining(EXPECTED), expect.objectContaining(EXPECTED)]);
});
