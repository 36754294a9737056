import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { complaintsIn } from '../src/testing/conformance-checks.ts';
import type { Suite } from './suites.ts';

/** The outcome of one scenario. */
export interface Outcome {
  readonly scenario: string;
  /** The scenario has checked something, and no check has failed. */
  readonly passed: boolean;
  /** The failed checks. */
  readonly complaints: readonly string[];
}

const RUN_MS = 300_000;

/** Runs a suite against an address. Writes its output to `suite.log` in the folder, and its results beside it. */
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
  const complaints = complaintsIn(join(results, folder));
  return { scenario, passed: complaints.length === 0, complaints };
}
