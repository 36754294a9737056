import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { forge } from '../support/forge.js';
import { ServerProcess } from '../support/server-process.js';
import { send } from '../support/wire.js';
import { PRODUCTION, PRODUCTION_HOST, PRODUCTION_URL } from '../fixtures/production.js';

const { JWT_SECRET: secret, ...SETTINGS } = PRODUCTION;
const claims = { iss: PRODUCTION_URL, aud: PRODUCTION_URL };

it('JWT_SECRET_FILE: tokens that are signed with what the file holds are accepted, and others are not', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'secret-'));
  const JWT_SECRET_FILE = join(directory, 'jwt');
  writeFileSync(JWT_SECRET_FILE, `${secret}\n`, { mode: 0o600 });
  const server = await ServerProcess.start({ ...SETTINGS, JWT_SECRET_FILE });
  // It has been read.
  rmSync(directory, { recursive: true });
  const statusOf = async (signedWith: string): Promise<number> => {
    const token = forge({ secret: signedWith, claims });
    return (await send(`${server.url}/sse`, { token, headers: PRODUCTION_HOST })).status;
  };
  expect([await statusOf(secret), await statusOf(`${secret}\n`), await statusOf(JWT_SECRET_FILE)]).toEqual([
    200, 401, 401,
  ]);
  expect(server.output).not.toContain(secret);
  expect(await server.stop()).toBe(0);
});
