import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { AuthorizingProxy } from './authorizing.proxy.js';
import { complaintsIn } from './conformance-checks.js';
import type { McpTestApp, TestCaller } from './mcp-test.app.js';

const SUITE = '@modelcontextprotocol/conformance';
const RUN_MS = 60_000;
const run = promisify(execFile);

/** The scenarios of the suite that need no tools, resources or prompts of their own. */
export const CONFORMANCE_SCENARIOS: readonly string[] = [
  'server-initialize',
  'ping',
  'logging-set-level',
  'tools-list',
  'resources-list',
  'prompts-list',
  'server-sse-multiple-streams',
  'dns-rebinding-protection',
];

export interface ConformanceOptions {
  /** Default: {@link CONFORMANCE_SCENARIOS}. */
  readonly scenarios?: readonly string[];
  /** The user of the requests. Default: `alice`. */
  readonly caller?: TestCaller;
}

/**
 * Runs scenarios of the official conformance suite against an application. Needs the package
 * `@modelcontextprotocol/conformance` in the project. Rejects with an error that lists the failed checks by scenario.
 */
export async function expectConformance(
  app: McpTestApp,
  { scenarios = CONFORMANCE_SCENARIOS, caller }: ConformanceOptions = {},
): Promise<void> {
  const program = programOfSuite();
  const { pathname } = new URL(app.url);
  const proxy = await AuthorizingProxy.start(app.url, await app.token(caller));
  const results = mkdtempSync(join(tmpdir(), 'mcp-conformance-'));
  const url = `${proxy.url}${pathname.replace(/\/$/, '')}/mcp`;
  try {
    const problems: string[] = [];
    for (const scenario of scenarios) {
      const folder = join(results, scenario);
      const args = [program, 'server', '--url', url, '--scenario', scenario, '--output-dir', folder];
      // Ignores the exit code: the results contain the failed checks.
      await run(process.execPath, args, { timeout: RUN_MS }).catch(() => undefined);
      problems.push(...problemsIn(folder).map((problem) => `${scenario}: ${problem}`));
    }
    if (problems.length > 0) throw new Error(`The server does not conform:\n${problems.join('\n')}`);
  } finally {
    await proxy.stop();
    rmSync(results, { recursive: true });
  }
}

function problemsIn(folder: string): string[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    return ['the suite has no such scenario'];
  }
  return names.flatMap((name) => complaintsIn(join(folder, name)));
}

function programOfSuite(): string {
  const project = createRequire(join(process.cwd(), 'package.json'));
  try {
    return join(dirname(project.resolve(`${SUITE}/package.json`)), 'dist', 'index.js');
  } catch (cause) {
    throw new Error(`expectConformance() needs ${SUITE}: npm install --save-dev ${SUITE}`, { cause });
  }
}
