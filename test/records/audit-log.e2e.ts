import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PRODUCTION, PRODUCTION_HOST, PRODUCTION_URL } from '../fixtures/production.js';
import { forge } from '../support/forge.js';
import { type LogLine, ServerProcess } from '../support/server-process.js';
import { statelessCall } from '../support/eras/index.js';
import { until } from '../support/until.js';
import { send } from '../support/wire.js';

const token = forge({
  claims: { iss: PRODUCTION_URL, aud: PRODUCTION_URL },
  secret: PRODUCTION.JWT_SECRET,
});

const JSON_TYPE = {
  'Content-Type': 'application/json',
  Accept: 'application/json, text/event-stream',
};

/** A call that needs no session. */
async function call({ url }: ServerProcess, id: number): Promise<number> {
  const { body, headers } = statelessCall(id, { name: 'test' });
  const flat = [...PRODUCTION_HOST, ...Object.entries({ ...JSON_TYPE, ...headers }).flat()];
  const sending = { method: 'POST', token, headers: flat, body };
  return (await send(`${url}/mcp`, sending)).status;
}

let directory: string;
let server: ServerProcess;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'audit-log-'))));
afterEach(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});

const linesIn = (name: string): LogLine[] =>
  readFileSync(join(directory, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);

it('is on in production, on standard output beside the log', async () => {
  server = await ServerProcess.start(PRODUCTION);
  expect(await call(server, 1)).toBe(200);
  await send(`${server.url}/mcp`, { method: 'POST', token: `${token}x`, headers: PRODUCTION_HOST });
  await server.until(
    () => server.events('audit.decision').length > 0 && server.events('auth.refused').length > 0,
  );
  expect(server.events('audit.call')).toMatchObject([{ target: 'test', outcome: 'ok', subject: 'alice' }]);
  expect(server.events('audit.decision')).toMatchObject([{ decision: 'refused', code: 'bad_signature' }]);
  expect(server.events('call.ended')).toHaveLength(1);
});

it('is off where it is to be', async () => {
  server = await ServerProcess.start({ ...PRODUCTION, AUDIT_LOG: 'off' });
  expect(await call(server, 1)).toBe(200);
  await server.until(() => server.events('call.ended').length > 0);
  expect(server.output).not.toContain('audit.');
});

it('has a file of its own, which logrotate may move, and nothing on standard output', async () => {
  const file = join(directory, 'audit.jsonl');
  server = await ServerProcess.start({ ...PRODUCTION, AUDIT_LOG: file });
  await call(server, 1);
  renameSync(file, `${file}.1`);
  server.signal('SIGHUP');
  await until(() => {
    try {
      return readFileSync(file, 'utf8') === '';
    } catch {
      return false;
    }
  });
  await call(server, 2);
  expect(await server.stop()).toBe(0);
  expect(linesIn('audit.jsonl.1')).toMatchObject([{ requestId: 1 }]);
  expect(linesIn('audit.jsonl')).toMatchObject([{ requestId: 2 }]);
  expect(server.output).not.toContain('audit.');
});

it('a file that cannot be written stops the process, which says why', async () => {
  server = await ServerProcess.spawn({ ...PRODUCTION, AUDIT_LOG: '/no/such/folder/audit.jsonl' });
  expect(await server.exited).toBe(1);
  expect(server.output).toContain("AUDIT_LOG names a file that can't be written (ENOENT)");
  expect(server.output).not.toMatch(/\n\s+at |no\/such/);
});
