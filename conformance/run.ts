/**
 * `npm run conformance`: the official conformance suite against the built server. See docs/conformance.md.
 *
 *   --only <run>  0.1.16, 2025-11-25, 2026-07-28 or "2025-11-25 over SSE"; may be given several times
 *   --keep        keep the suite's results and the server's log, and print their folder
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AppProcess } from './app-process.ts';
import { AuthorizingProxy } from '../src/testing/authorizing.proxy.ts';
import { assertDocumented } from './documented.ts';
import { SseAdapter } from './sse.adapter.ts';
import { run } from './suite-run.ts';
import { type Suite, SUITES } from './suites.ts';
import { judge, table, type Verdict } from './verdict.ts';

const { values: options } = parseArgs({
  options: { only: { type: 'string', multiple: true }, keep: { type: 'boolean', default: false } },
});
const names = options.only ?? SUITES.map(({ name }) => name);
const unknown = names.find((name) => !SUITES.some((suite) => suite.name === name));
if (unknown !== undefined) throw new Error(`No run is called ${unknown}`);

assertDocumented(SUITES.flatMap(({ excused }) => excused));
const folder = mkdtempSync(join(tmpdir(), 'mcp-conformance-'));
const verdicts: Verdict[] = [];
for (const suite of SUITES.filter(({ name }) => names.includes(name))) {
  process.stderr.write(`${suite.name} …\n`);
  const place = join(folder, suite.name.replaceAll(' ', '-'));
  mkdirSync(place);
  verdicts.push(await attempt(suite, place));
}
console.log(table(verdicts));
for (const { suite, problems } of verdicts)
  for (const problem of problems) console.log(`\n${suite.name}: ${problem}`);
if (verdicts.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
if (options.keep) console.log(`\nResults and logs: ${folder}`);
else rmSync(folder, { recursive: true });

/** Starts a separate server for each run, so that runs do not affect each other. */
async function attempt(suite: Suite, place: string): Promise<Verdict> {
  const started: { stop(): Promise<void> }[] = [];
  try {
    const app = await AppProcess.start(join(place, 'server.log'));
    started.push(app);
    const proxy = await AuthorizingProxy.start(app.url, await app.token());
    started.push(proxy);
    const front = suite.overSse ? await SseAdapter.start(proxy.url) : proxy;
    if (front !== proxy) started.push(front);
    return judge(suite, await run(suite, `${front.url}/mcp`, place));
  } finally {
    for (const one of started.toReversed()) await one.stop();
  }
}
