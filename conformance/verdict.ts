import type { Outcome } from './suite-run.ts';
import type { Suite } from './suites.ts';

export type Mark = 'pass' | 'FAIL' | 'excused';

/** The result of a run. */
export interface Verdict {
  readonly suite: Suite;
  readonly marks: ReadonlyMap<string, Mark>;
  /** Passed scenarios, of those that are scored and apply. */
  readonly score: string;
  /** Problems to fix; empty if the run has passed. */
  readonly problems: readonly string[];
}

export function judge(suite: Suite, outcomes: readonly Outcome[]): Verdict {
  const excused = new Set(suite.excused.map(({ scenario }) => scenario));
  const problems: string[] = [];
  const marks = new Map<string, Mark>();
  for (const { scenario, passed, complaints } of outcomes) {
    const mark = excused.has(scenario) ? 'excused' : passed ? 'pass' : 'FAIL';
    marks.set(scenario, mark);
    if (mark === 'FAIL') problems.push([scenario, ...complaints].join('\n    '));
  }
  const missing = [...excused, ...(suite.required ?? [])].filter((scenario) => !marks.has(scenario));
  for (const scenario of new Set(missing)) problems.push(`${scenario}: the suite did not run it`);
  const counted = suite.required ?? [...marks.keys()];
  if (counted.length !== suite.scored)
    problems.push(`the suite scores ${counted.length} scenarios where ${suite.scored} are expected`);
  const applying = counted.filter((scenario) => !excused.has(scenario));
  const passed = applying.filter((scenario) => marks.get(scenario) === 'pass').length;
  return { suite, marks, score: `${passed} of ${applying.length}`, problems };
}

/** Scenarios by runs, as Markdown. */
export function table(verdicts: readonly Verdict[]): string {
  const scenarios = [...new Set(verdicts.flatMap(({ marks }) => [...marks.keys()]))].toSorted();
  const names = verdicts.map(({ suite }) => suite.name);
  const rows = scenarios.map((scenario) => [
    scenario,
    ...verdicts.map(({ marks }) => marks.get(scenario) ?? ''),
  ]);
  const scores = ['scored', ...verdicts.map(({ score }) => score)];
  const all = [['scenario', ...names], ...rows, scores];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) => `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`);
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}
