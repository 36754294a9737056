import { z } from 'zod';
import { Tool } from '../../src/index.js';
import { expectConformance, type McpTestApp, startMcpTestApp } from '../../src/testing/index.js';

@Tool({ name: 'shout', description: 'In capitals.', input: z.object({ text: z.string() }) })
class ShoutTool {
  execute({ text }: { text: string }): string {
    return text.toUpperCase();
  }
}

let app: McpTestApp;
beforeAll(async () => {
  app = await startMcpTestApp({
    providers: [ShoutTool],
    configure: (host) => host.setGlobalPrefix('api/v1'),
  });
});
afterAll(() => app.close());

it('an application with a prefix conforms', async () => {
  await expect(expectConformance(app)).resolves.toBeUndefined();
});

it('the error lists the failed checks by scenario', async () => {
  const scenarios = ['tools-call-image', 'no-such-scenario'];
  const failed = expectConformance(app, { scenarios });
  await expect(failed).rejects.toThrow(/^The server does not conform:\ntools-call-image: failure /);
  await expect(failed).rejects.toThrow('no-such-scenario: the suite has no such scenario');
});
