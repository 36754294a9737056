import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Suite } from './suites.ts';

/** As the suite writes it. */
interface Check {
  readonly id: string;
  readonly name: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly errorMessage?: string;
}

/** What came of one scenario. */
export interface Outcome {
  readonly scenario: string;
  /** The scenario proved something, and nothing spoke against it. */
  readonly passed: boolean;
  /** What speaks against it. */
  readonly complaints: readonly string[];
}

const RUN_MS = 300_000;
const MAX_LINE = 400;

/** Runs a suite against an address. What it says goes to `suite.log` in the folder, its results beside it. */
export async function run(suite: Suite, url: string, folder: string): Promise<Outcome[]> {
  const log = openSync(join(folder, 'suite.log'), 'w');
  const args = [
    suite.program,
    'server',
    '--url',
    url,
    ...suite.args,
    '--output-dir',
    join(folder, 'results'),
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', log, log] });
  closeSync(log);
  await ended(child, suite.name);
  return readdirSync(join(folder, 'results')).map((name) => outcome(join(folder, 'results'), name));
}

async function ended(child: ChildProcess, name: string): Promise<void> {
  const cut = setTimeout(() => child.kill('SIGKILL'), RUN_MS);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(cut);
  if (code === null) throw new Error(`${name}: the suite did not end within ${RUN_MS / 1000} s`);
}

/** `server-<scenario>-<date>` is the suite's name for a scenario's folder. */
function outcome(results: string, folder: string): Outcome {
  const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(folder)?.[1] ?? folder;
  let checks: Check[];
  try {
    checks = JSON.parse(readFileSync(join(results, folder, 'checks.json'), 'utf8')) as Check[];
  } catch {
    return { scenario, passed: false, complaints: ['the scenario did not come to its end'] };
  }
  // A SHOULD that is not kept is a warning there, and no less here.
  const complaints = checks
    .filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
    .map(({ status, id, errorMessage }) => `${status.toLowerCase()} ${id}: ${inBrief(errorMessage)}`);
  if (complaints.length === 0 && !checks.some(({ status }) => status === 'SUCCESS'))
    complaints.push('nothing was checked');
  return { scenario, passed: complaints.length === 0, complaints };
}

function inBrief(text = 'no message'): string {
  const line = text.split('\n', 1)[0]!;
  return line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)} …` : line;
}
