import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/backplane/fixtures/free-port.fixture.js';
import { PRODUCTION, PRODUCTION_HOST, PRODUCTION_URL } from '../fixtures/production.js';
import { bundled } from '../support/built.js';
import { forge } from '../support/forge.js';
import { statelessCall } from '../support/eras/index.js';
import { until } from '../support/until.js';
import { type Answer, send } from '../support/wire.js';

type Line = Readonly<Record<string, unknown>>;

const tokenOf = (claims: object): string =>
  forge({ claims: { iss: PRODUCTION_URL, aud: PRODUCTION_URL, ...claims }, secret: PRODUCTION.JWT_SECRET });
const alice = tokenOf({ sub: 'alice' });
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
  child = spawn(process.execPath, [bundled('main.js')], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'], PORT: String(port), ...PRODUCTION, RATE_LIMIT: 'off', ...env },
  });
  child.stdout!.pause();
  await until(() =>
    health().then(
      (status) => status === 200,
      () => false,
    ),
  );
}

const health = async (): Promise<number> => (await send(`${url}/health/live`)).status;

const call = async (id: string): Promise<number> => (await answerOf(id)).status;

function answerOf(id: string, method = 'tools/call', token = alice): Promise<Answer> {
  const { body, headers } = statelessCall(id, { name: 'test' });
  const about = { ...headers, 'Mcp-Method': method };
  const flat = [...PRODUCTION_HOST, ...TYPES, ...Object.entries(about).flat()];
  const text = JSON.stringify({ ...(JSON.parse(body) as object), method });
  return send(`${url}/mcp`, { method: 'POST', token, headers: flat, body: text });
}

const linesOf = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as Line);

it('while standard output is not read, the server answers calls and loses no record; it counts refusals', async () => {
  await start({});
  for (let at = 0; at < 100; at += 1) await send(`${url}/mcp`, { method: 'POST', headers: PRODUCTION_HOST });
  for (let at = 0; at < 120; at += 1) expect(await call(`${at}`.padEnd(64, '-'))).toBe(200);
  expect(await health()).toBe(200);
  let output = '';
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  child.stdout!.resume();
  child.kill('SIGTERM');
  await new Promise((ended) => child.stdout!.once('close', ended));
  const lines = linesOf(output);
  const count = (event: string): number => lines.filter((line) => line['event'] === event).length;
  expect([count('audit.call'), count('auth.refused')]).toEqual([120, 5]);
  expect(lines).toContainEqual(expect.objectContaining({ event: 'refusals.counted', count: 95 }));
});

it('while too many records wait, the server refuses calls (audit_unavailable), until the records are written', async () => {
  await start({});
  let at = 0;
  let refused = await answerOf('first');
  // Fills the pipe, and then the memory for records of the process: each has these names, with escapes.
  const name = '\u202e'.repeat(250);
  const named = tokenOf({ sub: name, client_id: name });
  while (refused.status === 200) {
    const sending = Array.from({ length: 50 }, () => answerOf(`full-${(at += 1)}`, 'tools/call', named));
    const answers = await Promise.all(sending);
    refused = answers.find(({ status }) => status !== 200) ?? answers[0]!;
  }
  expect(refused.status).toBe(503);
  expect(refused.headers['retry-after']).toBe('5');
  expect(refused.json).toMatchObject({ error: { message: 'Calls cannot be recorded now: try again later' } });
  // A request that is no call needs no record.
  expect((await answerOf('listing', 'tools/list')).status).toBe(200);
  child.stdout!.resume();
  await until(async () => (await call('after')) === 200);
});

/** Eight callers until `isOver`; the ids that were answered so far are in `answered`. */
async function load(answered: string[], isOver: () => boolean): Promise<void> {
  const callers = Array.from({ length: 8 }, async (_, caller) => {
    for (let at = 0; !isOver(); at += 1) {
      const id = `${caller}-${at}`;
      const status = await call(id).catch(() => undefined);
      if (status === 200) answered.push(id);
    }
  });
  await Promise.all(callers);
}

const recordedIn = (file: string): string[] =>
  linesOf(readFileSync(file, 'utf8')).map(({ requestId }) => String(requestId));

it('with AUDIT_SYNC=on a process that is killed under load has a record of each call that was answered', async () => {
  const file = join(directory, 'audit.jsonl');
  await start({ AUDIT_LOG: file, AUDIT_SYNC: 'on' });
  child.stdout!.resume();
  const answered: string[] = [];
  const callers = load(answered, () => child.killed);
  await until(() => answered.length >= 100);
  child.kill('SIGKILL');
  await callers;
  const recorded = new Set(recordedIn(file));
  expect(answered.filter((id) => !recorded.has(id))).toEqual([]);
});

it('with AUDIT_SYNC=off the file has a record of each call that was answered before the last write', async () => {
  const file = join(directory, 'audit.jsonl');
  await start({ AUDIT_LOG: file, AUDIT_SYNC: 'off' });
  child.stdout!.resume();
  // The server writes this record without another call after it.
  expect(await call('alone')).toBe(200);
  await until(() => recordedIn(file).includes('alone'));
  const answered: string[] = [];
  const callers = load(answered, () => child.killed);
  await until(() => answered.length >= 100);
  // The server writes or answers, not both at once: a write that is seen from here on began after these answers.
  const before = [...answered];
  const { size } = statSync(file);
  await until(() => statSync(file).size > size);
  child.kill('SIGKILL');
  await callers;
  const recorded = recordedIn(file);
  expect(before.filter((id) => !recorded.includes(id))).toEqual([]);
  // In order: where a later call of a caller is recorded, the earlier ones are too.
  const last = Math.max(...recorded.map((id) => Number(/^0-(\d+)$/.exec(id)?.[1] ?? -1)));
  const ofFirst = recorded.filter((id) => id.startsWith('0-'));
  expect(ofFirst).toEqual(Array.from({ length: last + 1 }, (_, at) => `0-${at}`));
});
