import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AggregatedResult, Reporter } from '@jest/reporters';
import { JOURNAL_FOLDER, type JournalKind } from './journal.ts';
import { leaksIn } from './leaks.ts';

/** How a test file starts a server, and where that leaves its lines. */
const SOURCES: readonly (readonly [RegExp, JournalKind])[] = [
  [/\bstart(App|WithFourTools)\(/, 'log'],
  [/\bServerProcess\.(start|spawn)\(/, 'process'],
];

const isSecret = (name: string): boolean => name.startsWith('secret-');

/**
 * Reads, after the run, all that its servers have written: a canary in it fails the run, also if all tests have
 * passed. So does a run whose servers have written nothing, since nothing would be found there.
 */
export class CanaryReporter implements Pick<Reporter, 'onRunStart' | 'onRunComplete' | 'getLastError'> {
  private readonly folder = mkdtempSync(join(tmpdir(), 'canary-journal-'));
  private error: Error | undefined;

  onRunStart(): void {
    process.env[JOURNAL_FOLDER] = this.folder;
  }

  onRunComplete(_contexts: unknown, { testResults }: AggregatedResult): void {
    const ran = testResults.filter(({ numPassingTests }) => numPassingTests > 0);
    const problems = [...this.leaks(), ...this.silence(ran.map(({ testFilePath }) => testFilePath))];
    if (problems.length === 0) return rmSync(this.folder, { recursive: true });
    const text = `${problems.slice(0, 20).join('\n')}\nThe journals are in ${this.folder}`;
    process.stderr.write(`\n${text}\n`);
    this.error = new Error(text);
  }

  getLastError(): Error | undefined {
    return this.error;
  }

  private leaks(): string[] {
    const names = readdirSync(this.folder);
    const secrets = names.filter(isSecret).flatMap((name) => this.read(name).trim().split('\n'));
    const searched = names.filter((name) => !isSecret(name));
    return searched.flatMap((name) =>
      this.read(name)
        .split('\n')
        .flatMap((line, index) =>
          leaksIn(line, secrets).map(
            (what) => `CANARY ${name}:${index + 1} has ${what}: ${line.slice(0, 300)}`,
          ),
        ),
    );
  }

  private silence(files: readonly string[]): string[] {
    const written = new Set(
      readdirSync(this.folder)
        .filter((name) => this.read(name).trim() !== '')
        .map((name) => name.split('-')[0]),
    );
    return SOURCES.filter(([starts, kind]) => {
      const started = files.some((file) => starts.test(readFileSync(file, 'utf8')));
      return started && !written.has(kind);
    }).map(([, kind]) => `CANARY no line of any server is in the journal "${kind}"`);
  }

  private read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }
}

// oxlint-disable-next-line import/no-default-export -- jest looks for it
export default CanaryReporter;
