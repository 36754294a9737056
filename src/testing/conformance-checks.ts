import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A check of the official conformance suite, as the suite writes it. */
interface Check {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly errorMessage?: string;
}

const MAX_LINE = 400;

/** The failed checks of one scenario, from its folder of results. Empty: it has checks, and all have passed. */
export function complaintsIn(folder: string): string[] {
  let checks: readonly Check[];
  try {
    checks = JSON.parse(readFileSync(join(folder, 'checks.json'), 'utf8')) as Check[];
  } catch {
    return ['the scenario did not come to its end'];
  }
  // The suite warns of a SHOULD that is not met; such a warning counts as a failure.
  const complaints = checks
    .filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
    .map(({ status, id, errorMessage }) => `${status.toLowerCase()} ${id}: ${inBrief(errorMessage)}`);
  if (complaints.length === 0 && !checks.some(({ status }) => status === 'SUCCESS')) {
    complaints.push('nothing was checked');
  }
  return complaints;
}

function inBrief(text = 'no message'): string {
  const line = text.split('\n', 1)[0]!;
  return line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)} …` : line;
}
