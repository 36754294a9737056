import { withExtraTool } from '../support/extra-tool.js';
import { ERAS } from '../support/eras/index.js';
import { ServerProcess } from '../support/server-process.js';
import { takeToken } from '../support/test-app.js';

it('the start makes the methods of strings fast again after a package has extended String', async () => {
  const server = await ServerProcess.start({ NODE_ENV: 'development', ...withExtraTool('extending') });
  const client = await ERAS[0]!.connect(server.url, await takeToken(server.url, 'alice', 'mcp:access'));
  const { result } = await client.request(1, 'tools/call', { name: 'extending', arguments: { seconds: 0 } });
  client.close();
  await server.stop();
  // Before the start has finished, and after it.
  expect(JSON.parse((result as { content: [{ text: string }] }).content[0].text)).toEqual([false, true]);
});
