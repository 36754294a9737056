import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PRODUCTION, PRODUCTION_HOST, PRODUCTION_URL } from './security/fixtures/production.js';
import { forge } from './support/forge.js';
import { freePort } from './support/server-process.js';
import { statelessCall } from './support/stateless-request.js';
import { until } from './support/until.js';
import { send } from './support/wire.js';

type Line = Readonly<Record<string, unknown>>;

const token = forge({
  claims: { iss: PRODUCTION_URL, aud: PRODUCTION_URL },
  secret: PRODUCTION.JWT_SECRET,
});
const TYPES = ['Content-Type', 'application/json', 'Accept', 'application/json, text/event-stream'];

let directory: string;
let child: ChildProcess;
let url: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'audit-loss-'))));
afterEach(() => {
  child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

/** The built server in production, with its standard output in a pipe that nothing reads yet. */
async function start(env: Record<string, string>): Promise<void> {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  child = spawn(process.execPath, [resolve('dist/main.js')], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'], PORT: String(port), ...PRODUCTION, RATE_LIMIT: 'off', ...env },
  });
  child.stdout!.pause();
  let isUp = false;
  while (!isUp)
    isUp = await health().then(
      (status) => status === 200,
      () => false,
    );
}

const health = async (): Promise<number> => (await send(`${url}/health/live`)).status;

async function call(id: string): Promise<number> {
  const { body, headers } = statelessCall(id, { name: 'test' });
  const flat = [...PRODUCTION_HOST, ...TYPES, ...Object.entries(headers).flat()];
  return (await send(`${url}/mcp`, { method: 'POST', token, headers: flat, body: JSON.stringify(body) }))
    .status;
}

const linesOf = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as Line);

it('standard output that nothing reads stops nothing, and no record is lost: refusals are a few lines', async () => {
  await start({});
  for (let at = 0; at < 300; at += 1) await send(`${url}/mcp`, { method: 'POST', headers: PRODUCTION_HOST });
  for (let at = 0; at < 200; at += 1) expect(await call(`${at}`.padEnd(64, '-'))).toBe(200);
  expect(await health()).toBe(200);
  let output = '';
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  child.stdout!.resume();
  child.kill('SIGTERM');
  await new Promise((ended) => child.stdout!.once('close', ended));
  const lines = linesOf(output);
  const count = (event: string): number => lines.filter((line) => line['event'] === event).length;
  expect([count('audit.call'), count('auth.refused')]).toEqual([200, 5]);
  expect(lines).toContainEqual(expect.objectContaining({ event: 'refusals.counted', count: 295 }));
});

it('with AUDIT_SYNC=on a process that is killed under load has a record of each call that was answered', async () => {
  const file = join(directory, 'audit.jsonl');
  await start({ AUDIT_LOG: file, AUDIT_SYNC: 'on' });
  child.stdout!.resume();
  const answered: string[] = [];
  const killed = new AbortController();
  const callers = Array.from({ length: 8 }, async (_, caller) => {
    for (let at = 0; !killed.signal.aborted; at += 1) {
      const id = `${caller}-${at}`;
      const status = await call(id).catch(() => undefined);
      if (status === 200) answered.push(id);
    }
  });
  await until(() => answered.length >= 100);
  child.kill('SIGKILL');
  killed.abort();
  await Promise.all(callers);
  const recorded = new Set(linesOf(readFileSync(file, 'utf8')).map(({ requestId }) => requestId));
  expect(answered.filter((id) => !recorded.has(id))).toEqual([]);
});
