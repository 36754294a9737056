import { withExtraTool } from '../support/extra-tool.js';
import { ERAS } from '../support/eras/index.js';
import { ServerProcess } from '../support/server-process.js';
import { takeToken } from '../support/test-app.js';

const OWN = 'postgres://orders@localhost/orders';

/** What the tool `settled` finds in `ConfigService` and in `process.env`: DATABASE_URL and JWT_SECRET, two times each. */
async function foundBy(server: ServerProcess, token: string): Promise<unknown> {
  const client = await ERAS[0]!.connect(server.url, token);
  const { result } = await client.request(1, 'tools/call', { name: 'settled', arguments: { seconds: 0 } });
  client.close();
  await server.stop();
  return JSON.parse((result as { content: [{ text: string }] }).content[0].text);
}

describe('settings of a team’s own reach ConfigService and the environment', () => {
  const DEVELOPMENT = { NODE_ENV: 'development', ...withExtraTool('settled') };

  it('from .env', async () => {
    const server = await ServerProcess.start(
      DEVELOPMENT,
      `DATABASE_URL=${OWN}\nJWT_SECRET=a-secret-of-the-tests`,
    );
    const token = await takeToken(server.url, 'alice', 'mcp:access');
    expect(await foundBy(server, token)).toEqual([OWN, OWN, null, null]);
  });

  it('from the environment, before .env', async () => {
    const server = await ServerProcess.start({ ...DEVELOPMENT, DATABASE_URL: OWN }, 'DATABASE_URL=another');
    const token = await takeToken(server.url, 'alice', 'mcp:access');
    expect(await foundBy(server, token)).toEqual([OWN, OWN, null, null]);
  });
});
